// Lays out the boxes of one frame with its lines. Between two columns are three zones, from left to right: curves, where lines
// change their height; labels, where each line runs straight to its box with its label above it; and ends, where the lines of a
// box come together. Lines that pass a column run between its boxes; lines that lead backward run above all boxes. So no label
// covers a line, a box or another label, and no line passes behind a box.

import { type Columns, ENTRY, EXIT, type FrameLine, lineKey, orderColumns } from "./columns.ts";
import { BOX, type Bounds, horizontalCurve, type Path, type Point, roundedPath } from "./geometry.ts";
import { assignHeights, type Extent } from "./rows.ts";

/** The course of a line, and the space for its label. */
export interface Route {
  readonly path: Path;
  readonly label: Bounds;
}

/** Positions relative to the upper left corner of the frame's content. */
export interface FrameContent {
  readonly positions: ReadonlyMap<string, Point>;
  /** The routes of lines within the frame; lines from another frame begin at the content's left edge. */
  readonly routes: ReadonlyMap<string, Route>;
  /** The paths of lines to another frame, up to the content's right edge. */
  readonly exits: ReadonlyMap<string, Path>;
  readonly width: number;
  readonly height: number;
}

/** The lines of a frame. Those with a box in another frame have only one end here. */
export interface FrameLines {
  readonly inner: readonly FrameLine[];
  readonly incoming: readonly FrameLine[];
  readonly outgoing: readonly FrameLine[];
}

export const ASPECT_RATIO = 2.1; // of width to height, that the map should have

const LABEL_WIDTH = 132;
const END_WIDTH = 30;
const CURVE_WIDTH = { min: 64, perLine: 3, max: 150 } as const;
const PITCH = { wide: 44, dense: 26, few: 4, small: 40 } as const; // between the lines of a box: wide for up to `few` lines, and in frames of up to `small`
const CLEARANCE = { below: 6, above: 5 } as const; // between a label and its line, and the line above
const GAP = { min: 20, max: 72 } as const; // between boxes
const LANE: Extent = { above: 6, below: 6 };
const TOP_LANE = 12;
const CORNER = 10;
const GRID_GAP = 20; // between boxes without lines

export function layoutFrame(boxes: readonly string[], lines: FrameLines): FrameContent {
  const connected = new Set([...lines.inner.flatMap(({ from, to }) => [from, to]), ...lines.incoming.map(({ to }) => to), ...lines.outgoing.map(({ from }) => from)]);
  const linked = boxes.filter((id) => connected.has(id));
  const content = linked.length === 0 ? EMPTY : new ConnectedBoxes(linked, lines).content();
  return addGrid(content, boxes.filter((id) => !connected.has(id)));
}

const EMPTY: FrameContent = { positions: new Map(), routes: new Map(), exits: new Map(), width: 0, height: 0 };

/** Places boxes without lines below all others. */
function addGrid(content: FrameContent, boxes: readonly string[]): FrameContent {
  if (boxes.length === 0) return content;
  const [cellWidth, cellHeight] = [BOX.width + GRID_GAP, BOX.height + GRID_GAP];
  const available = Math.max(content.width, Math.sqrt(boxes.length * cellWidth * cellHeight * ASPECT_RATIO));
  const columns = Math.min(Math.max(1, Math.floor((available + GRID_GAP) / cellWidth)), boxes.length);
  const top = content.height === 0 ? 0 : content.height + 2 * GRID_GAP;
  const positions = new Map(content.positions);
  for (const [index, id] of boxes.entries()) positions.set(id, { x: (index % columns) * cellWidth, y: top + Math.floor(index / columns) * cellHeight });
  const width = Math.max(content.width, columns * cellWidth - GRID_GAP);
  return { ...content, positions, width, height: top + Math.ceil(boxes.length / columns) * cellHeight - GRID_GAP };
}

/** Boxes with lines, and the state of their layout. */
class ConnectedBoxes {
  readonly #columns: Columns;
  readonly #columnOf = new Map<string, number>();
  readonly #all: readonly FrameLine[];
  /** The lines that lead to a box, by its id. */
  readonly #arriving = new Map<string, FrameLine[]>();
  readonly #backward: readonly FrameLine[];
  /** The left edges of the columns, and the width of the zone of curves left of each. */
  readonly #xs: number[] = [];
  readonly #curves: number[] = [];
  readonly #width: number;
  #heights = new Map<string, number>();

  constructor(
    private readonly boxes: readonly string[],
    private readonly lines: FrameLines,
  ) {
    this.#all = [...lines.inner, ...lines.incoming].sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1));
    const inColumns = [...lines.inner, ...lines.incoming.map(({ to }) => ({ from: ENTRY, to })), ...lines.outgoing.map(({ from }) => ({ from, to: EXIT }))];
    this.#columns = orderColumns(boxes, [...new Map(inColumns.map((line) => [lineKey(line), line])).values()]);
    for (const [column, items] of this.#columns.columns.entries()) for (const { id } of items) this.#columnOf.set(id, column);
    for (const line of this.#all) this.#arriving.set(line.to, [...(this.#arriving.get(line.to) ?? []), line]);
    this.#backward = lines.inner.filter((line) => this.#isBackward(line)).sort((a, b) => (lineKey(a) < lineKey(b) ? -1 : 1));
    this.#width = this.#assignColumns();
  }

  content(): FrameContent {
    this.#assignHeights(GAP.min);
    const rows = Math.max(...this.#columns.columns.map((column) => column.filter(({ kind }) => kind === "box").length));
    const spare = (this.#width / ASPECT_RATIO - this.#height()) / Math.max(rows, 1);
    if (spare > 1) this.#assignHeights(Math.min(GAP.min + spare, GAP.max));
    const positions = new Map(this.boxes.map((id) => [id, { x: this.#xOf(id), y: this.#yOf(id) - BOX.height / 2 }]));
    const routes = new Map<string, Route>();
    for (const id of this.boxes) this.#routeTo(id, routes);
    const exits = new Map(this.lines.outgoing.map((line) => [lineKey(line), this.#exitOf(line)]));
    return { positions, routes, exits, width: this.#width, height: this.#height() };
  }

  #isBackward({ from, to }: FrameLine): boolean {
    return from !== ENTRY && (this.#columnOf.get(from) ?? 0) >= (this.#columnOf.get(to) ?? 0);
  }

  /** Assigns the left edges of the columns; returns the width of the content. */
  #assignColumns(): number {
    let x = 0;
    for (const [column, items] of this.#columns.columns.entries()) {
      const arriving = items.reduce((sum, { id, kind }) => sum + (kind === "lane" ? 1 : (this.#arriving.get(id)?.length ?? 0)), 0);
      const curves = Math.min(Math.max(CURVE_WIDTH.min, 48 + CURVE_WIDTH.perLine * arriving), CURVE_WIDTH.max);
      const hasLines = column > 0 || arriving > 0;
      this.#curves.push(hasLines ? curves : 0);
      this.#xs.push(x + (hasLines ? curves + LABEL_WIDTH + END_WIDTH : 0));
      x = (this.#xs.at(-1) ?? 0) + BOX.width;
    }
    const turnsRight = this.#backward.some(({ from }) => this.#columnOf.get(from) === this.#xs.length - 1);
    return x + (turnsRight ? CURVE_WIDTH.min : 0);
  }

  #assignHeights(gap: number): void {
    const extents = new Map<string, Extent>();
    for (const { id, kind } of this.#columns.columns.flat()) extents.set(id, kind === "lane" ? LANE : this.#extentOf(id, gap));
    const neighbors = new Map<string, string[]>();
    const link = (a: string, b: string) => {
      neighbors.set(a, [...(neighbors.get(a) ?? []), b]);
      neighbors.set(b, [...(neighbors.get(b) ?? []), a]);
    };
    for (const line of [...this.#all, ...this.lines.outgoing]) {
      const stops = [line.from, ...this.#lanesOf(line), line.to];
      for (const [index, stop] of stops.slice(1).entries()) link(stops[index] ?? "", stop);
    }
    this.#heights = assignHeights(this.#columns.columns.map((column) => column.map(({ id }) => id)), extents, neighbors);
  }

  #extentOf(id: string, gap: number): Extent {
    const count = this.#arriving.get(id)?.length ?? 0;
    const reach = ((count - 1) / 2) * this.#pitchOf(count);
    return { above: Math.max(BOX.height / 2, count === 0 ? 0 : reach + this.#pitchOf(count) - 2) + gap / 2, below: Math.max(BOX.height / 2, reach + 8) + gap / 2 };
  }

  /** The distance between the lines of a box that has `count` lines. */
  #pitchOf(count: number): number {
    return count <= PITCH.few || this.#all.length <= PITCH.small ? PITCH.wide : PITCH.dense;
  }

  #lanesOf(line: FrameLine): readonly string[] {
    const isInner = this.#columnOf.has(line.from) && this.#columnOf.has(line.to);
    const ends = isInner ? line : this.#columnOf.has(line.to) ? { from: ENTRY, to: line.to } : { from: line.from, to: EXIT };
    return this.#columns.lanes.get(lineKey(ends)) ?? [];
  }

  #topZone(): number {
    return this.#backward.length === 0 ? 0 : (this.#backward.length + 1) * TOP_LANE;
  }

  #height(): number {
    return this.#topZone() + Math.max(...this.#columns.columns.flat().map(({ id, kind }) => (this.#heights.get(id) ?? 0) + (kind === "lane" ? LANE.below : this.#extentOf(id, 0).below)));
  }

  #xOf(id: string): number {
    return this.#xs[this.#columnOf.get(id) ?? 0] ?? 0;
  }

  /** The height of the middle of a box, or of a lane. */
  #yOf(id: string): number {
    return this.#topZone() + (this.#heights.get(id) ?? 0);
  }

  /** Routes the lines that lead to a box, one above the other in the order in which they arrive. */
  #routeTo(id: string, routes: Map<string, Route>): void {
    const lines = this.#arriving.get(id) ?? [];
    const arrivalOf = (line: FrameLine) => {
      if (this.#isBackward(line) && this.#columnOf.has(line.from)) return -1;
      return this.#yOf(this.#lanesOf(line).at(-1) ?? (this.#columnOf.has(line.from) ? line.from : id));
    };
    const sorted = [...lines].sort((a, b) => arrivalOf(a) - arrivalOf(b));
    const [pitch, y, x] = [this.#pitchOf(lines.length), this.#yOf(id), this.#xOf(id)];
    const endPitch = Math.min(pitch, (BOX.height - 16) / Math.max(lines.length - 1, 1));
    for (const [index, line] of sorted.entries()) {
      const place = index - (lines.length - 1) / 2;
      const [runStart, runEnd] = [{ x: x - END_WIDTH - LABEL_WIDTH, y: y + place * pitch }, { x: x - END_WIDTH, y: y + place * pitch }];
      const path = [...this.#pathTo(line, runStart), horizontalCurve(runStart, runEnd), horizontalCurve(runEnd, { x, y: y + place * endPitch })];
      routes.set(lineKey(line), { path, label: [runStart.x, runStart.y - pitch + CLEARANCE.above, runEnd.x, runStart.y - CLEARANCE.below] });
    }
  }

  /** The path of a line up to a point left of its target. */
  #pathTo(line: FrameLine, end: Point): Path {
    const isInner = this.#columnOf.has(line.from);
    if (isInner && this.#isBackward(line)) return this.#backwardPath(line, end);
    const lanes = this.#lanesOf(line);
    const start = isInner ? { x: this.#xOf(line.from) + BOX.width, y: this.#yOf(line.from) } : { x: 0, y: this.#yOf(lanes[0] ?? line.to) };
    return this.#along(start, lanes, end);
  }

  /** A path through lanes, each of which runs straight from the labels left of its column to the column's right edge. */
  #along(start: Point, lanes: readonly string[], end: Point): Path {
    const path = [];
    let from = start;
    for (const lane of lanes) {
      const [x, y] = [this.#xOf(lane), this.#yOf(lane)];
      const column = this.#columnOf.get(lane) ?? 0;
      const [laneStart, laneEnd] = [{ x: (this.#curves[column] ?? 0) === 0 ? x : x - END_WIDTH - LABEL_WIDTH, y }, { x: x + BOX.width, y }];
      path.push(horizontalCurve(from, laneStart), horizontalCurve(laneStart, laneEnd));
      from = laneEnd;
    }
    path.push(horizontalCurve(from, end));
    return path;
  }

  #backwardPath(line: FrameLine, end: Point): Path {
    const index = this.#backward.findIndex((other) => lineKey(other) === lineKey(line));
    const [top, shift] = [(index + 1) * TOP_LANE, 12 + 6 * (index % 6)];
    const start = { x: this.#xOf(line.from) + BOX.width, y: this.#yOf(line.from) };
    const corners = [{ x: start.x + shift, y: start.y }, { x: start.x + shift, y: top }, { x: end.x - shift, y: top }, { x: end.x - shift, y: end.y }];
    return roundedPath([start, ...corners, end], CORNER);
  }

  #exitOf(line: FrameLine): Path {
    const start = { x: this.#xOf(line.from) + BOX.width, y: this.#yOf(line.from) };
    const lanes = this.#lanesOf(line);
    return this.#along(start, lanes, { x: this.#width, y: lanes.length > 0 ? this.#yOf(lanes.at(-1) ?? "") : start.y });
  }
}
