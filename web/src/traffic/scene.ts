// The picture ready to be drawn: boxes at their places, lines as curves, and what a pointer is on. World coordinates.

import { type Curve, curveOf, pointOn } from "./curve.ts";
import type { Graph, Line } from "./graph.ts";
import type { Block, Layout } from "./layout.ts";
import type { Bounds } from "./patch.ts";
import { BOX, type Place } from "./place.ts";

export interface SceneBox extends Place {
  readonly box: Graph["boxes"][number];
}

/** What is drawn of a line. */
export type Drawn = Omit<Line, "edges">;

export interface SceneLine {
  readonly line: Drawn;
  readonly curve: Curve;
  readonly width: number;
  readonly bounds: Bounds;
}

export interface Scene {
  readonly boxes: readonly SceneBox[];
  readonly lines: readonly SceneLine[];
  readonly blocks: readonly Block[];
  readonly width: number;
  readonly height: number;
}

export interface Hit {
  readonly kind: "box" | "line";
  readonly id: string;
}

/** What stands out. */
export interface Lit {
  readonly boxes: ReadonlySet<string>;
  readonly lines: ReadonlySet<string>;
}

export const ARROW = 7; // how long the head of a line is
const THINNEST = 1.25;
const STEPS = 24; // points on a curve that a pointer is compared with

export function sceneOf(graph: Graph, layout: Layout): Scene {
  const boxes: SceneBox[] = [];
  const places = new Map<string, Place>();
  for (const box of graph.boxes) {
    const place = layout.places.get(box.id);
    if (!place) continue; // it has just come; the next layout has it
    places.set(box.id, place);
    boxes.push({ box, ...place });
  }
  const lines: SceneLine[] = [];
  for (const { edges, ...line } of graph.lines) {
    const [from, to] = [places.get(line.from), places.get(line.to)];
    if (!from || !to) continue;
    const curve = curveOf(from, to, layout.bends.get(`${line.from} ${line.to}`));
    lines.push({ line, curve, width: widthOf(line.rate), bounds: boundsOf(curve) });
  }
  lines.sort((a, b) => severity(a.line) - severity(b.line)); // what is wrong lies above
  return { boxes, lines, blocks: layout.blocks, width: layout.width, height: layout.height };
}

/** World units for requests a second: each tenfold is as much wider. */
export function widthOf(rate: number): number {
  return THINNEST + 1.7 * Math.log10(1 + rate);
}

function severity(line: Drawn): number {
  return { none: 0, good: 1, fair: 2, bad: 3 }[line.tone];
}

function boundsOf(curve: Curve): Bounds {
  const [xs, ys] = [curve.filter((_, n) => n % 2 === 0), curve.filter((_, n) => n % 2 === 1)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** What lies at a point: a box, or else the nearest line within `near`. */
export function hit(scene: Scene, at: Place, near: number): Hit | null {
  for (const { box, x, y } of scene.boxes) {
    if (at.x >= x && at.x <= x + BOX.width && at.y >= y && at.y <= y + BOX.height) return { kind: "box", id: box.id };
  }
  let [nearest, best] = [near, null as Hit | null];
  for (const { line, curve, bounds, width } of scene.lines) {
    const reach = near + width / 2;
    if (at.x < bounds[0] - reach || at.y < bounds[1] - reach || at.x > bounds[2] + reach || at.y > bounds[3] + reach) continue;
    const away = distance(curve, at) - width / 2;
    if (away < nearest) [nearest, best] = [away, { kind: "line", id: line.id }];
  }
  return best;
}

function distance(curve: Curve, at: Place): number {
  let least = Infinity;
  let before = pointOn(curve, 0);
  for (let step = 1; step <= STEPS; step += 1) {
    const after = pointOn(curve, step / STEPS);
    least = Math.min(least, toSegment(before, after, at));
    before = after;
  }
  return least;
}

function toSegment(a: Place, b: Place, at: Place): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : Math.min(Math.max(((at.x - a.x) * dx + (at.y - a.y) * dy) / length, 0), 1);
  return Math.hypot(at.x - a.x - part * dx, at.y - a.y - part * dy);
}

/** What stands out while something is pointed at or chosen: it, what it is joined with, and the lines between. */
export function lit(scene: Scene, chosen: readonly (Hit | null)[]): Lit | null {
  const boxes = new Set<string>();
  const lines = new Set<string>();
  for (const one of chosen) {
    if (one?.kind === "box") boxes.add(one.id);
    for (const { line } of scene.lines) {
      const meant = one?.kind === "line" ? line.id === one.id : one !== null && (line.from === one.id || line.to === one.id);
      if (!meant) continue;
      lines.add(line.id);
      boxes.add(line.from).add(line.to);
    }
  }
  return boxes.size > 0 ? { boxes, lines } : null;
}
