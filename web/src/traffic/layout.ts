// Where boxes go: callers left of what they call, in columns, block by block. Pure, and the same for the same boxes and
// lines in any order. dagre decides the columns and who stands above whom; the places are set here, close together: what
// dagre reserves for lines that pass by would make a picture of 200 services seven screens high.

import { Graph as DagreGraph, layout as dagreLayout } from "@dagrejs/dagre";
import { type Bends, bendsOf } from "./bends.ts";
import { BOX, type Place } from "./place.ts";

export interface Shape {
  readonly boxes: readonly { readonly id: string; readonly block: string }[];
  readonly lines: readonly { readonly from: string; readonly to: string }[];
}

/** A namespace's frame. */
export interface Block {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** The upper left corner of each box. */
  readonly places: ReadonlyMap<string, Place>;
  readonly blocks: readonly Block[];
  readonly bends: Bends;
  readonly width: number;
  readonly height: number;
}

const COLUMN = BOX.width + 132;
const ROW = { least: BOX.height + 18, most: BOX.height + 62 } as const;
const MARGIN = 28;
const TITLE = 34;
const BETWEEN = 56;
const WANTED_RATIO = 1.9; // of the picture's width to its height
const SWEEPS = 6;

export function layoutOf(shape: Shape): Layout {
  const byBlock = new Map<string, string[]>();
  for (const { id, block } of [...shape.boxes].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    byBlock.set(block, [...(byBlock.get(block) ?? []), id]);
  }
  const blockOf = new Map(shape.boxes.map((box) => [box.id, box.block]));
  const laid = [...byBlock].map(([id, boxes]) => {
    const lines = shape.lines.filter((line) => blockOf.get(line.from) === id && blockOf.get(line.to) === id);
    return { id, ...inColumns(boxes, lines) };
  });
  const found = packed(laid);
  return { ...found, bends: bendsOf(sorted(shape.lines), found.places) };
}

interface Laid {
  readonly id: string;
  readonly places: ReadonlyMap<string, Place>;
  readonly width: number;
  readonly height: number;
}

/** One block's boxes, from its own upper left corner on. */
function inColumns(boxes: readonly string[], lines: Shape["lines"]): Omit<Laid, "id"> {
  const joined = new Set(lines.flatMap((line) => [line.from, line.to]));
  const columns = ordered(boxes.filter((id) => joined.has(id)), lines);
  const alone = boxes.filter((id) => !joined.has(id));
  const places = new Map<string, Place>();
  const rows = settle(columns, lines);
  const used = columns.length > 0 ? Math.max(...rows.values()) + 1 : 0;
  const across = Math.max(columns.length, Math.min(alone.length, 4));
  const lowest = Math.ceil(used + alone.length / across);
  const apart = Math.min(Math.max((across * COLUMN) / WANTED_RATIO / lowest, ROW.least), ROW.most); // few rows stand apart
  for (const [column, ids] of columns.entries()) {
    for (const id of ids) places.set(id, { x: column * COLUMN, y: (rows.get(id) ?? 0) * apart });
  }
  for (const [place, id] of alone.entries()) {
    const row = used + (used > 0 ? 0.5 : 0) + Math.floor(place / across);
    places.set(id, { x: (place % across) * COLUMN, y: row * apart });
  }
  const width = (across - 1) * COLUMN + BOX.width;
  const height = Math.max(...[...places.values()].map((place) => place.y)) + BOX.height;
  return { places, width, height };
}

/** The columns from left to right, each from top to bottom. */
function ordered(boxes: readonly string[], lines: Shape["lines"]): string[][] {
  if (boxes.length === 0) return [];
  const graph = new DagreGraph();
  graph.setGraph({ rankdir: "LR", ranker: "longest-path", nodesep: 1, edgesep: 1, ranksep: 1 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of boxes) graph.setNode(id, { width: 1, height: 1 });
  for (const line of sorted(lines)) if (line.from !== line.to) graph.setEdge(line.from, line.to);
  dagreLayout(graph);
  const byX = new Map<number, { id: string; y: number }[]>();
  for (const id of boxes) {
    const { x, y } = graph.node(id) as { x: number; y: number };
    byX.set(x, [...(byX.get(x) ?? []), { id, y }]);
  }
  const columns = [...byX].sort(([a], [b]) => a - b);
  return columns.map(([, column]) => column.sort((a, b) => a.y - b.y || (a.id < b.id ? -1 : 1)).map(({ id }) => id));
}

/** A row for each box: near those it is joined with, in the column's order, never two in one place. */
function settle(columns: readonly (readonly string[])[], lines: Shape["lines"]): Map<string, number> {
  const tallest = Math.max(0, ...columns.map((column) => column.length));
  const rows = new Map<string, number>();
  for (const column of columns) {
    for (const [place, id] of column.entries()) rows.set(id, place + (tallest - column.length) / 2);
  }
  const joined = new Map<string, string[]>();
  for (const { from, to } of lines) {
    joined.set(from, [...(joined.get(from) ?? []), to]);
    joined.set(to, [...(joined.get(to) ?? []), from]);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of sweep % 2 ? [...columns].reverse() : columns) pull(column, joined, rows, tallest);
  }
  return rows;
}

function pull(column: readonly string[], joined: ReadonlyMap<string, readonly string[]>, rows: Map<string, number>, tallest: number): void {
  let least = 0;
  for (const [place, id] of column.entries()) {
    const near = joined.get(id) ?? [];
    const wanted = near.reduce((sum, one) => sum + (rows.get(one) ?? 0), 0) / Math.max(near.length, 1);
    const most = tallest - (column.length - place); // room for those below
    const row = Math.min(Math.max(wanted, least), Math.max(most, least));
    rows.set(id, row);
    least = row + 1;
  }
}

function sorted(lines: Shape["lines"]): Shape["lines"] {
  const key = (line: Shape["lines"][number]) => `${line.from} ${line.to}`;
  return [...lines].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

type Packed = Omit<Layout, "bends">;

/** The blocks in as many columns as fill a picture of the wanted shape best, the largest first. */
function packed(laid: readonly Laid[]): Packed {
  const framed = [...laid]
    .map((block) => ({ ...block, outer: { width: block.width + 2 * MARGIN, height: block.height + TITLE + 2 * MARGIN } }))
    .sort((a, b) => b.outer.height * b.outer.width - a.outer.height * a.outer.width || (a.id < b.id ? -1 : 1));
  const tries = framed.map((_, place) => stacked(framed, place + 1));
  const size = (one: Packed) => Math.max(one.width, one.height * WANTED_RATIO);
  return tries.reduce((best, one) => (size(one) < size(best) ? one : best), stacked(framed, 1));
}

function stacked(framed: readonly (Laid & { readonly outer: { width: number; height: number } })[], columns: number): Packed {
  const places = new Map<string, Place>();
  const blocks: Block[] = [];
  const across = Math.max(0, ...framed.map(({ outer }) => outer.width)) + BETWEEN;
  const heights = Array.from({ length: columns }, () => 0);
  for (const { id, places: own, outer } of framed) {
    const column = heights.indexOf(Math.min(...heights));
    const [x, y] = [column * across, heights[column] ?? 0];
    blocks.push({ id, x, y, ...outer });
    for (const [box, place] of own) places.set(box, { x: x + MARGIN + place.x, y: y + TITLE + MARGIN + place.y });
    heights[column] = y + outer.height + BETWEEN;
  }
  const right = blocks.map((block) => block.x + block.width);
  return { places, blocks, width: Math.max(0, ...right), height: Math.max(BETWEEN, ...heights) - BETWEEN };
}
