import { diffLines } from "diff";
import { useMemo } from "react";
import "./DiffView.css";
import { useText } from "../../i18n/useText.ts";

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

/** A line of each side; undefined where a side has no counterpart. */
interface DiffRow {
  readonly left: string | undefined;
  readonly right: string | undefined;
  readonly changed: boolean;
}

/** The rows of a side-by-side diff of two texts. */
export function diffRows(left: string, right: string): DiffRow[] {
  const rows: DiffRow[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  const flush = () => {
    for (let index = 0; index < Math.max(removed.length, added.length); index++) {
      rows.push({ left: removed[index], right: added[index], changed: true });
    }
    removed = [];
    added = [];
  };
  for (const part of diffLines(`${left}\n`, `${right}\n`)) {
    const lines = part.value.split("\n").slice(0, -1);
    if (part.removed) removed.push(...lines);
    else if (part.added) added.push(...lines);
    else {
      flush();
      rows.push(...lines.map((line) => ({ left: line, right: line, changed: false })));
    }
  }
  flush();
  return rows;
}
