import { useMemo } from "react";
import "./DiffView.css";
import { useText } from "../../i18n/useText.ts";
import { diffRows } from "./diffRows.ts";

/** A side-by-side diff of two texts, in which signs and colors mark the changed lines. */
export function DiffView({ left, right, names }: { left: string; right: string; names: readonly [string, string] }) {
  const text = useText().definitions.comparing;
  const rows = useMemo(() => diffRows(left, right), [left, right]);
  return (
    <table className="difference">
      <thead>
        <tr>{names.map((name, index) => <th key={index} scope="col">{name}</th>)}</tr>
      </thead>
      <tbody>
        {rows.map((row, index) => (
          <tr key={index}>
            <td>{row.changed && row.left !== undefined ? <del title={text.removed}>{`- ${row.left}`}</del> : <UnchangedLine line={row.left} />}</td>
            <td>{row.changed && row.right !== undefined ? <ins title={text.added}>{`+ ${row.right}`}</ins> : <UnchangedLine line={row.right} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function UnchangedLine({ line }: { line: string | undefined }) {
  return line === undefined ? null : `  ${line}`;
}
