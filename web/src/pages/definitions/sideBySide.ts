import { diffLines } from "diff";

/** A line of each side, or of one where the other has none. */
export interface Row {
  readonly left: string | undefined;
  readonly right: string | undefined;
  readonly changed: boolean;
}

/** Two texts beside each other: what is the same at the same height, what was replaced beside what replaced it. */
export function sideBySide(left: string, right: string): Row[] {
  const rows: Row[] = [];
  let removed: string[] = [];
  let added: string[] = [];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at++) {
      rows.push({ left: removed[at], right: added[at], changed: true });
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
