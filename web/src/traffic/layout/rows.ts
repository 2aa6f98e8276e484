// Assigns heights: each item of a column near its neighbors in other columns, in the order of its column, and clear of the
// items above and below.

/** How far an item reaches above and below its middle. */
export interface Extent {
  readonly above: number;
  readonly below: number;
}

const SWEEPS = 8;

/** The height of the middle of each item; the smallest is such that nothing is above 0. */
export function assignHeights(columns: readonly (readonly string[])[], extents: ReadonlyMap<string, Extent>, neighbors: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const heights = new Map<string, number>();
  const extentOf = (id: string) => extents.get(id) ?? { above: 0, below: 0 };
  for (const column of columns) {
    let y = 0;
    for (const id of column) {
      const { above, below } = extentOf(id);
      heights.set(id, y + above);
      y += above + below;
    }
    for (const id of column) heights.set(id, (heights.get(id) ?? 0) - y / 2); // around a common middle
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) {
      const separations = column.map((id, index) => (index === 0 ? 0 : extentOf(column[index - 1] ?? "").below + extentOf(id).above));
      const wanted = column.map((id) => {
        const near = (neighbors.get(id) ?? []).map((neighbor) => heights.get(neighbor)).filter((y) => y !== undefined);
        return near.length === 0 ? (heights.get(id) ?? 0) : near.reduce((sum, y) => sum + y, 0) / near.length;
      });
      for (const [index, y] of separate(wanted, separations).entries()) heights.set(column[index] ?? "", y);
    }
  }
  const top = Math.min(...[...heights].map(([id, y]) => y - extentOf(id).above));
  for (const [id, y] of heights) heights.set(id, Math.round(y - top));
  return heights;
}

/**
 * The heights that are nearest to the wanted ones, each at least its separation below the one before: the pool adjacent
 * violators algorithm, on heights minus the sum of separations.
 */
function separate(wanted: readonly number[], separations: readonly number[]): number[] {
  const pools: { sum: number; count: number }[] = [];
  const offsets: number[] = [];
  for (const [index, y] of wanted.entries()) {
    offsets.push((offsets[index - 1] ?? 0) + (separations[index] ?? 0));
    pools.push({ sum: y - (offsets[index] ?? 0), count: 1 });
    for (let last = pools.pop(), previous = pools.at(-1); last; previous = pools.at(-1)) {
      if (previous === undefined || previous.sum / previous.count <= last.sum / last.count) {
        pools.push(last);
        break;
      }
      pools.pop();
      last = { sum: previous.sum + last.sum, count: previous.count + last.count };
    }
  }
  return pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count)).map((y, index) => y + (offsets[index] ?? 0));
}
