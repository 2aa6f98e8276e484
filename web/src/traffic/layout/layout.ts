// Computes the positions of boxes: callers left of their targets, in columns, frame by frame. Pure, and independent of the
// order of boxes and lines. dagre assigns the columns and the order within each; the positions are computed here, because
// dagre reserves space for passing lines, which would make a map of 200 services seven screens high.

import { Graph as DagreGraph, layout as dagreLayout } from "@dagrejs/dagre";
import { BOX, type Point } from "./geometry.ts";
import { type LineOffsets, routeLines } from "./lineRouting.ts";

export interface LayoutInput {
  readonly boxes: readonly { readonly id: string; readonly namespace: string }[];
  readonly lines: readonly { readonly from: string; readonly to: string }[];
}

/** The frame around the boxes of a namespace; its id is the namespace's name. */
export interface NamespaceFrame {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** The upper left corner of each box. */
  readonly positions: ReadonlyMap<string, Point>;
  readonly frames: readonly NamespaceFrame[];
  readonly offsets: LineOffsets;
  readonly width: number;
  readonly height: number;
}

const COLUMN_WIDTH = BOX.width + 132;
const ROW_HEIGHT = { min: BOX.height + 18, max: BOX.height + 62 } as const;
const MARGIN = 28;
const TITLE_HEIGHT = 34;
const FRAME_GAP = 56;
const ASPECT_RATIO = 1.9; // of width to height, that the map should have
const SWEEPS = 6;

export function computeLayout(input: LayoutInput): Layout {
  const byNamespace = new Map<string, string[]>();
  for (const { id, namespace } of [...input.boxes].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), id]);
  }
  const namespaceOf = new Map(input.boxes.map((box) => [box.id, box.namespace]));
  const frames = [...byNamespace].map(([id, boxes]) => {
    const lines = input.lines.filter((line) => namespaceOf.get(line.from) === id && namespaceOf.get(line.to) === id);
    return { id, ...layoutFrame(boxes, lines) };
  });
  const crossing = input.lines.map(({ from, to }) => ({ from: namespaceOf.get(from), to: namespaceOf.get(to) })).filter(({ from, to }) => from !== to);
  const called = new Set(crossing.map(({ to }) => to));
  const callers = new Set(crossing.map(({ from }) => from).filter((id) => !called.has(id)));
  const left = packFrames(frames.filter(({ id }) => callers.has(id)), 0);
  const packed = placeBeside(left, packFrames(frames.filter(({ id }) => !callers.has(id)), left.width));
  return { ...packed, offsets: routeLines(sortLines(input.lines), packed.positions) };
}

interface FrameContent {
  readonly id: string;
  readonly positions: ReadonlyMap<string, Point>;
  readonly width: number;
  readonly height: number;
}

/** The positions of one frame's boxes, relative to the upper left box. Boxes without lines are below all others. */
function layoutFrame(boxes: readonly string[], lines: LayoutInput["lines"]): Omit<FrameContent, "id"> {
  const connected = new Set(lines.flatMap((line) => [line.from, line.to]));
  const columns = orderColumns(boxes.filter((id) => connected.has(id)), lines);
  const unconnected = boxes.filter((id) => !connected.has(id));
  const positions = new Map<string, Point>();
  const rows = assignRows(columns, lines);
  const rowCount = columns.length > 0 ? Math.max(...rows.values()) + 1 : 0;
  const columnCount = Math.max(columns.length, Math.min(unconnected.length, 4));
  const totalRows = Math.ceil(rowCount + unconnected.length / columnCount);
  const rowHeight = Math.min(Math.max((columnCount * COLUMN_WIDTH) / ASPECT_RATIO / totalRows, ROW_HEIGHT.min), ROW_HEIGHT.max);
  for (const [column, ids] of columns.entries()) {
    for (const id of ids) positions.set(id, { x: column * COLUMN_WIDTH, y: (rows.get(id) ?? 0) * rowHeight });
  }
  for (const [index, id] of unconnected.entries()) {
    const row = rowCount + (rowCount > 0 ? 0.5 : 0) + Math.floor(index / columnCount);
    positions.set(id, { x: (index % columnCount) * COLUMN_WIDTH, y: row * rowHeight });
  }
  const width = (columnCount - 1) * COLUMN_WIDTH + BOX.width;
  const height = Math.max(...[...positions.values()].map(({ y }) => y)) + BOX.height;
  return { positions, width, height };
}

/** The columns from left to right, each from top to bottom. */
function orderColumns(boxes: readonly string[], lines: LayoutInput["lines"]): string[][] {
  if (boxes.length === 0) return [];
  const graph = new DagreGraph();
  graph.setGraph({ rankdir: "LR", ranker: "longest-path", nodesep: 1, edgesep: 1, ranksep: 1 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of boxes) graph.setNode(id, { width: 1, height: 1 });
  for (const line of sortLines(lines)) if (line.from !== line.to) graph.setEdge(line.from, line.to);
  dagreLayout(graph);
  const byX = new Map<number, { id: string; y: number }[]>();
  for (const id of boxes) {
    const { x, y } = graph.node(id) as { x: number; y: number };
    byX.set(x, [...(byX.get(x) ?? []), { id, y }]);
  }
  const columns = [...byX].sort(([a], [b]) => a - b);
  return columns.map(([, column]) => column.sort((a, b) => a.y - b.y || (a.id < b.id ? -1 : 1)).map(({ id }) => id));
}

/** The row of each box: near its neighbors, in the order of its column, and never twice in one column. */
function assignRows(columns: readonly (readonly string[])[], lines: LayoutInput["lines"]): Map<string, number> {
  const tallest = Math.max(0, ...columns.map((column) => column.length));
  const rows = new Map<string, number>();
  for (const column of columns) {
    for (const [index, id] of column.entries()) rows.set(id, index + (tallest - column.length) / 2);
  }
  const neighbors = new Map<string, string[]>();
  for (const { from, to } of lines) {
    neighbors.set(from, [...(neighbors.get(from) ?? []), to]);
    neighbors.set(to, [...(neighbors.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) moveToNeighbors(column, neighbors, rows, tallest);
  }
  return rows;
}

function moveToNeighbors(column: readonly string[], neighbors: ReadonlyMap<string, readonly string[]>, rows: Map<string, number>, tallest: number): void {
  let min = 0;
  for (const [index, id] of column.entries()) {
    const own = neighbors.get(id) ?? [];
    const average = own.reduce((sum, neighbor) => sum + (rows.get(neighbor) ?? 0), 0) / Math.max(own.length, 1);
    const max = tallest - (column.length - index); // leaves rows for the boxes below
    const row = Math.min(Math.max(average, min), Math.max(max, min));
    rows.set(id, row);
    min = row + 1;
  }
}

function sortLines(lines: LayoutInput["lines"]): LayoutInput["lines"] {
  const key = (line: LayoutInput["lines"][number]) => `${line.from} ${line.to}`;
  return [...lines].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

type PackedFrames = Omit<Layout, "offsets">;

/** Callers in other frames on the left, all others on the right. */
function placeBeside(left: PackedFrames, right: PackedFrames): PackedFrames {
  if (left.frames.length === 0) return right;
  const shift = left.width + FRAME_GAP;
  const positions = new Map(left.positions);
  for (const [box, { x, y }] of right.positions) positions.set(box, { x: x + shift, y });
  const frames = [...left.frames, ...right.frames.map((frame) => ({ ...frame, x: frame.x + shift }))];
  return { positions, frames, width: shift + right.width, height: Math.max(left.height, right.height) };
}

/** The frames, largest first, in the number of columns that comes closest to the wanted aspect ratio of a map with `leftWidth` beside them. */
function packFrames(contents: readonly FrameContent[], leftWidth: number): PackedFrames {
  const framed = [...contents]
    .map((content) => ({ ...content, outer: { width: content.width + 2 * MARGIN, height: content.height + TITLE_HEIGHT + 2 * MARGIN } }))
    .sort((a, b) => b.outer.height * b.outer.width - a.outer.height * a.outer.width || (a.id < b.id ? -1 : 1));
  const candidates = framed.map((_, index) => stackFrames(framed, index + 1));
  const size = ({ width, height }: PackedFrames) => Math.max(leftWidth + width, height * ASPECT_RATIO);
  return candidates.reduce((best, candidate) => (size(candidate) < size(best) ? candidate : best), stackFrames(framed, 1));
}

function stackFrames(framed: readonly (FrameContent & { readonly outer: { width: number; height: number } })[], columnCount: number): PackedFrames {
  const positions = new Map<string, Point>();
  const frames: NamespaceFrame[] = [];
  const columnWidth = Math.max(0, ...framed.map(({ outer }) => outer.width)) + FRAME_GAP;
  const heights = Array.from({ length: columnCount }, () => 0);
  for (const { id, positions: inner, outer } of framed) {
    const column = heights.indexOf(Math.min(...heights));
    const [x, y] = [column * columnWidth, heights[column] ?? 0];
    frames.push({ id, x, y, ...outer });
    for (const [box, position] of inner) positions.set(box, { x: x + MARGIN + position.x, y: y + TITLE_HEIGHT + MARGIN + position.y });
    heights[column] = y + outer.height + FRAME_GAP;
  }
  const right = frames.map((frame) => frame.x + frame.width);
  return { positions, frames, width: Math.max(0, ...right), height: Math.max(FRAME_GAP, ...heights) - FRAME_GAP };
}
