import { diffLines } from "diff";

/** A line of each side; undefined where a side has no counterpart. */
export interface DiffRow {
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
