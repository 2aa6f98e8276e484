import { useMemo } from "react";
import "./Difference.css";
import { useText } from "../../i18n/useText.ts";
import { sideBySide } from "./sideBySide.ts";

/** Two texts beside each other, their changed lines marked by sign and colour. */
export function Difference({ left, right, names }: { left: string; right: string; names: readonly [string, string] }) {
  const text = useText().definitions.comparing;
  const rows = useMemo(() => sideBySide(left, right), [left, right]);
  return (
    <table className="difference">
      <thead>
        <tr>{names.map((name, at) => <th key={at} scope="col">{name}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((row, at) => (
          <tr key={at}>
            <td>{row.changed && row.left !== undefined ? <del title={text.removed}>{`- ${row.left}`}</del> : <Same line={row.left} />}</td>
            <td>{row.changed && row.right !== undefined ? <ins title={text.added}>{`+ ${row.right}`}</ins> : <Same line={row.right} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Same({ line }: { line: string | undefined }) {
  return line === undefined ? null : `  ${line}`;
}
