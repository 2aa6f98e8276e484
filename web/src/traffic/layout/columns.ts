// Assigns boxes to columns, callers left of their targets, and finds the order in each column with few crossings. A line that
// passes a column has a place in its order, too. dagre does both.

import { Graph as DagreGraph, layout as dagreLayout } from "@dagrejs/dagre";

export interface FrameLine {
  readonly from: string;
  readonly to: string;
}

/** A box, or a line where it passes a column between the boxes. */
export interface ColumnItem {
  readonly id: string;
  readonly kind: "box" | "lane";
}

export interface Columns {
  /** The columns from left to right, each from top to bottom. */
  readonly columns: readonly (readonly ColumnItem[])[];
  /** The ids of the lanes that a forward line passes, from left to right, by the line's key. */
  readonly lanes: ReadonlyMap<string, readonly string[]>;
}

/** The end of lines from elsewhere, left of all boxes, and the start of lines to elsewhere, right of them. */
export const ENTRY = "\u0000entry";
export const EXIT = "\u0000exit";

const MAX_SEPARATE_LANES = 60; // beyond which lines to the same box share a lane

export const lineKey = ({ from, to }: FrameLine) => `${from} ${to}`;

/** `lines` may begin at ENTRY and end at EXIT. The order of boxes and lines has no effect. */
export function orderColumns(boxes: readonly string[], lines: readonly FrameLine[]): Columns {
  if (boxes.length === 0) return { columns: [], lanes: new Map() };
  const sorted = [...lines].filter(({ from, to }) => from !== to).sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1));
  const graph = layoutWithDagre([...boxes].sort(), sorted);
  const xs = [...new Set(boxes.map((id) => nodeOf(graph, id).x))].sort((a, b) => a - b);
  const columnAt = (x: number) => xs.findIndex((column) => Math.abs(column - x) < 0.25);
  const heights = xs.map(() => new Map<string, { kind: ColumnItem["kind"]; ys: number[] }>());
  for (const id of boxes) heights[columnAt(nodeOf(graph, id).x)]?.set(id, { kind: "box", ys: [nodeOf(graph, id).y] });
  const passing = sorted.map((line) => ({ line, points: passedPoints(graph, line).map(({ x, y }) => ({ column: columnAt(x), y })).filter(({ column }) => column >= 0) }));
  const isShared = passing.reduce((sum, { points }) => sum + points.length, 0) > MAX_SEPARATE_LANES;
  const lanes = new Map<string, readonly string[]>();
  for (const { line, points } of passing) {
    const name = isShared ? `>${line.to === EXIT ? lineKey(line) : line.to}` : lineKey(line);
    for (const { column, y } of points) {
      const id = `${name} @${column}`;
      const lane = heights[column]?.get(id) ?? { kind: "lane" as const, ys: [] };
      lane.ys.push(y);
      heights[column]?.set(id, lane);
    }
    lanes.set(lineKey(line), points.sort((a, b) => a.column - b.column).map(({ column }) => `${name} @${column}`));
  }
  const mean = (ys: readonly number[]) => ys.reduce((sum, y) => sum + y, 0) / ys.length;
  const columns = heights.map((column) => {
    const items = [...column].map(([id, { kind, ys }]) => ({ id, kind, y: mean(ys) }));
    return items.sort((a, b) => a.y - b.y || (a.id < b.id ? -1 : 1)).map(({ id, kind }) => ({ id, kind }));
  });
  return { columns, lanes };
}

function layoutWithDagre(boxes: readonly string[], lines: readonly FrameLine[]): DagreGraph {
  const graph = new DagreGraph();
  graph.setGraph({ rankdir: "LR", ranker: "longest-path", nodesep: 1, edgesep: 1, ranksep: 1 });
  graph.setDefaultEdgeLabel(() => ({}));
  const [hasEntry, hasExit] = [lines.some(({ from }) => from === ENTRY), lines.some(({ to }) => to === EXIT)];
  for (const id of [...(hasEntry ? [ENTRY] : []), ...boxes, ...(hasExit ? [EXIT] : [])]) graph.setNode(id, { width: 1, height: 1 });
  for (const { from, to } of lines) graph.setEdge(from, to);
  // All others are right of ENTRY and left of EXIT.
  const [called, calling] = [new Set(lines.map(({ to }) => to)), new Set(lines.map(({ from }) => from))];
  for (const id of boxes) {
    if (hasEntry && !called.has(id)) graph.setEdge(ENTRY, id, { weight: 0 });
    if (hasExit && !calling.has(id)) graph.setEdge(id, EXIT, { weight: 0 });
  }
  dagreLayout(graph);
  return graph;
}

function nodeOf(graph: DagreGraph, id: string): { x: number; y: number } {
  return graph.node(id) as { x: number; y: number };
}

/** The points at which a forward line passes columns; none of a line that leads backward. */
function passedPoints(graph: DagreGraph, { from, to }: FrameLine): { x: number; y: number }[] {
  const [start, end] = [nodeOf(graph, from).x, nodeOf(graph, to).x];
  const { points = [] } = graph.edge(from, to) as { points?: { x: number; y: number }[] };
  return points.filter(({ x }) => x > start + 0.6 && x < end - 0.6);
}
