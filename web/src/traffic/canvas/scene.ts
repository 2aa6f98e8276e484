// The scene: boxes at their positions, lines as curves, and hit testing. World coordinates.

import { BOX, type Bounds, type Path, pathBounds, pathPoints, type Point } from "../layout/geometry.ts";
import { type Layout, type NamespaceFrame, routeKey } from "../layout/layout.ts";
import type { Graph, GraphBox, GraphLine } from "../model/graph.ts";

export interface SceneBox extends Point {
  readonly box: GraphBox;
}

/** The data of a line that is drawn. */
export type LineData = Omit<GraphLine, "edges">;

export interface SceneLine {
  readonly line: LineData;
  readonly path: Path;
  /** The space for the line's label, which nothing else takes. */
  readonly label: Bounds;
  readonly width: number;
  readonly bounds: Bounds;
}

export interface Scene {
  readonly boxes: readonly SceneBox[];
  readonly lines: readonly SceneLine[];
  readonly frames: readonly NamespaceFrame[];
  readonly width: number;
  readonly height: number;
}

/** A box or line that is pointed at or selected. */
export interface SceneItem {
  readonly kind: "box" | "line";
  readonly id: string;
}

/** The ids of the boxes and lines that stand out. */
export interface Highlight {
  readonly boxes: ReadonlySet<string>;
  readonly lines: ReadonlySet<string>;
}

export const ARROW_LENGTH = 7;
const MIN_WIDTH = 1.25;
const HIT_TEST_SEGMENTS = 12; // of a curve

export function buildScene(graph: Graph, layout: Layout): Scene {
  const boxes: SceneBox[] = [];
  for (const box of graph.boxes) {
    const position = layout.positions.get(box.id);
    if (!position) continue; // a new box, which the next layout contains
    boxes.push({ box, ...position });
  }
  const lines: SceneLine[] = [];
  for (const { edges, ...line } of graph.lines) {
    const route = layout.routes.get(routeKey(line));
    if (route) lines.push({ line, ...route, width: lineWidth(line.rate), bounds: pathBounds(route.path) });
  }
  lines.sort((a, b) => severity(a.line) - severity(b.line)); // lines with failures are drawn on top
  return { boxes, lines, frames: layout.frames, width: layout.width, height: layout.height };
}

/** World units for a rate per second; grows by the same amount for each factor of ten. */
function lineWidth(rate: number): number {
  return MIN_WIDTH + 1.7 * Math.log10(1 + rate);
}

function severity(line: LineData): number {
  return { none: 0, good: 1, fair: 2, bad: 3 }[line.tone];
}

/** The box at a point, or else the nearest line within `tolerance`. */
export function hitTest(scene: Scene, point: Point, tolerance: number): SceneItem | null {
  for (const { box, x, y } of scene.boxes) {
    if (point.x >= x && point.x <= x + BOX.width && point.y >= y && point.y <= y + BOX.height) return { kind: "box", id: box.id };
  }
  let [nearest, item] = [tolerance, null as SceneItem | null];
  for (const { line, path, bounds, width } of scene.lines) {
    const reach = tolerance + width / 2;
    if (point.x < bounds[0] - reach || point.y < bounds[1] - reach || point.x > bounds[2] + reach || point.y > bounds[3] + reach) continue;
    const distance = distanceToPath(path, point) - width / 2;
    if (distance < nearest) [nearest, item] = [distance, { kind: "line", id: line.id }];
  }
  return item;
}

function distanceToPath(path: Path, point: Point): number {
  const points = pathPoints(path, HIT_TEST_SEGMENTS);
  return Math.min(...points.slice(1).map((to, index) => distanceToSegment(points[index] ?? to, to, point)));
}

function distanceToSegment(a: Point, b: Point, point: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(Math.max(((point.x - a.x) * dx + (point.y - a.y) * dy) / length, 0), 1);
  return Math.hypot(point.x - a.x - t * dx, point.y - a.y - t * dy);
}

/** Highlights items with their neighbors and the lines between them; null without an item. */
export function highlightOf(scene: Scene, items: readonly (SceneItem | null)[]): Highlight | null {
  const boxes = new Set<string>();
  const lines = new Set<string>();
  for (const item of items) {
    if (item === null) continue;
    if (item.kind === "box") boxes.add(item.id);
    for (const { line } of scene.lines) {
      const isNear = item.kind === "line" ? line.id === item.id : line.from === item.id || line.to === item.id;
      if (!isNear) continue;
      lines.add(line.id);
      boxes.add(line.from).add(line.to);
    }
  }
  return boxes.size > 0 ? { boxes, lines } : null;
}
