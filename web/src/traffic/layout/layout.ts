// Computes the positions of boxes and the courses of lines: callers left of their targets, in columns, frame by frame. Pure, and
// independent of the order of boxes and lines.

import { lineKey } from "./columns.ts";
import { ASPECT_RATIO, type FrameContent, layoutFrame, type Route } from "./frameLayout.ts";
import { type Bounds, type Curve, horizontalCurve, overlaps, type Path, type Point, roundedPath } from "./geometry.ts";

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
  /** The route of each line, by `routeKey`. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly frames: readonly NamespaceFrame[];
  readonly width: number;
  readonly height: number;
}

/** The key of a line among the routes of a layout. */
export const routeKey = lineKey;

const MARGIN = 28;
const TITLE_HEIGHT = 34;
const FRAME_GAP = { x: 84, y: 44 } as const;
const CORRIDOR = { top: 22, pitch: 10 } as const; // of lines above all frames
const CORNER = 12;

type Line = LayoutInput["lines"][number];

export function computeLayout(input: LayoutInput): Layout {
  const byNamespace = new Map<string, string[]>();
  for (const { id, namespace } of [...input.boxes].sort((a, b) => (a.id < b.id ? -1 : 1))) byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), id]);
  const namespaceOf = new Map(input.boxes.map((box) => [box.id, box.namespace]));
  const lines = [...input.lines].filter(({ from, to }) => namespaceOf.has(from) && namespaceOf.has(to)).sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1));
  const [startsIn, endsIn] = [(line: Line) => namespaceOf.get(line.from), (line: Line) => namespaceOf.get(line.to)];
  const crossing = lines.filter((line) => startsIn(line) !== endsIn(line));
  const frames = [...byNamespace].map(([id, boxes]) => {
    const inner = lines.filter((line) => startsIn(line) === id && endsIn(line) === id);
    const content = layoutFrame(boxes, { inner, incoming: crossing.filter((line) => endsIn(line) === id), outgoing: crossing.filter((line) => startsIn(line) === id) });
    return { id, content };
  });
  const called = new Set(crossing.map(endsIn));
  const callers = new Set(crossing.map(startsIn).filter((id) => !called.has(id)));
  const callerFrames = packFrames(frames.filter(({ id }) => callers.has(id)), 0);
  const placed = placeBeside(callerFrames, packFrames(frames.filter(({ id }) => !callers.has(id)), callerFrames.width));
  return buildLayout(placed, crossing, namespaceOf);
}

interface PlacedFrame extends NamespaceFrame {
  readonly content: FrameContent;
  /** The right edge of the widest frame above or below this one. */
  readonly columnRight: number;
}

interface PlacedFrames {
  readonly frames: readonly PlacedFrame[];
  readonly width: number;
  readonly height: number;
}

/** Callers in other frames on the left, all others on the right. */
function placeBeside(left: PlacedFrames, right: PlacedFrames): PlacedFrames {
  if (left.frames.length === 0) return right;
  const shift = left.width + FRAME_GAP.x;
  const moved = right.frames.map((frame) => ({ ...frame, x: frame.x + shift, columnRight: frame.columnRight + shift }));
  return { frames: [...left.frames, ...moved], width: shift + right.width, height: Math.max(left.height, right.height) };
}

interface SizedFrame {
  readonly id: string;
  readonly content: FrameContent;
  readonly width: number;
  readonly height: number;
}

/** The frames, largest first, in the number of columns that comes closest to the wanted aspect ratio of a map with `leftWidth` beside them. */
function packFrames(contents: readonly { readonly id: string; readonly content: FrameContent }[], leftWidth: number): PlacedFrames {
  const sized = contents
    .map(({ id, content }) => ({ id, content, width: content.width + 2 * MARGIN, height: content.height + TITLE_HEIGHT + 2 * MARGIN }))
    .sort((a, b) => b.height * b.width - a.height * a.width || (a.id < b.id ? -1 : 1));
  const candidates = sized.map((_, index) => stackFrames(sized, index + 1));
  const size = ({ width, height }: PlacedFrames) => Math.max(leftWidth + width, height * ASPECT_RATIO);
  return candidates.reduce((best, candidate) => (size(candidate) < size(best) ? candidate : best), stackFrames(sized, 1));
}

function stackFrames(sized: readonly SizedFrame[], columnCount: number): PlacedFrames {
  const frames: PlacedFrame[] = [];
  const columnWidth = Math.max(0, ...sized.map(({ width }) => width));
  const heights = Array.from({ length: columnCount }, () => 0);
  for (const frame of sized) {
    const column = heights.indexOf(Math.min(...heights));
    const [x, y] = [column * (columnWidth + FRAME_GAP.x), heights[column] ?? 0];
    frames.push({ ...frame, x, y, columnRight: x + columnWidth });
    heights[column] = y + frame.height + FRAME_GAP.y;
  }
  return { frames, width: Math.max(0, ...frames.map(({ x, width }) => x + width)), height: Math.max(FRAME_GAP.y, ...heights) - FRAME_GAP.y };
}

/** Positions and routes in the coordinates of the map. Lines that pass other frames run above all frames. */
function buildLayout({ frames, width, height }: PlacedFrames, crossing: readonly Line[], namespaceOf: ReadonlyMap<string, string>): Layout {
  const frameOf = (box: string) => frames.find(({ id }) => id === namespaceOf.get(box));
  const passing = crossing.filter((line) => passesFrames(frameOf(line.from), frameOf(line.to), frames));
  const top = passing.length === 0 ? 0 : CORRIDOR.top + passing.length * CORRIDOR.pitch;
  const positions = new Map<string, Point>();
  const routes = new Map<string, Route>();
  for (const frame of frames) {
    const [dx, dy] = [frame.x + MARGIN, frame.y + TITLE_HEIGHT + MARGIN + top];
    for (const [box, { x, y }] of frame.content.positions) positions.set(box, { x: x + dx, y: y + dy });
    for (const [key, { path, label }] of frame.content.routes) routes.set(key, { path: movePath(path, dx, dy), label: moveBounds(label, dx, dy) });
  }
  for (const line of crossing) {
    const [source, target, entry] = [frameOf(line.from), frameOf(line.to), routes.get(lineKey(line))];
    if (!source || !target || !entry) continue;
    const exit = movePath(source.content.exits.get(lineKey(line)) ?? [], source.x + MARGIN, source.y + TITLE_HEIGHT + MARGIN + top);
    const lane = passing.indexOf(line);
    const connection = connect(endOf(exit), startOf(entry.path), lane < 0 ? null : { y: top - CORRIDOR.top / 2 - (lane + 1) * CORRIDOR.pitch, right: source.columnRight, index: lane });
    routes.set(lineKey(line), { ...entry, path: [...exit, ...connection, ...entry.path] });
  }
  return { positions, routes, frames: frames.map(({ id, x, y, width, height }) => ({ id, x, y: y + top, width, height })), width, height: height + top };
}

/** Whether a direct line between two frames could pass a third one, or would lead backward. */
function passesFrames(source: PlacedFrame | undefined, target: PlacedFrame | undefined, frames: readonly PlacedFrame[]): boolean {
  if (!source || !target) return false;
  if (target.x < source.columnRight) return true;
  const between: Bounds = [source.x + source.width, Math.min(source.y, target.y), target.x, Math.max(source.y + source.height, target.y + target.height)];
  return frames.some((frame) => frame !== source && frame !== target && overlaps(between, [frame.x, frame.y, frame.x + frame.width, frame.y + frame.height]));
}

function connect(from: Point, to: Point, corridor: { readonly y: number; readonly right: number; readonly index: number } | null): Path {
  if (corridor === null) return [horizontalCurve(from, to)];
  const shift = 10 + 6 * (corridor.index % 4);
  const [right, left] = [corridor.right + shift, to.x - MARGIN - shift];
  return roundedPath([from, { x: right, y: from.y }, { x: right, y: corridor.y }, { x: left, y: corridor.y }, { x: left, y: to.y }, to], CORNER);
}

function startOf(path: Path): Point {
  const [first] = path;
  return { x: first?.[0] ?? 0, y: first?.[1] ?? 0 };
}

function endOf(path: Path): Point {
  const last = path.at(-1);
  return { x: last?.[6] ?? 0, y: last?.[7] ?? 0 };
}

function movePath(path: Path, dx: number, dy: number): Path {
  return path.map(([x1, y1, x2, y2, x3, y3, x4, y4]): Curve => [x1 + dx, y1 + dy, x2 + dx, y2 + dy, x3 + dx, y3 + dy, x4 + dx, y4 + dy]);
}

function moveBounds([left, top, right, bottom]: Bounds, dx: number, dy: number): Bounds {
  return [left + dx, top + dy, right + dx, bottom + dy];
}
