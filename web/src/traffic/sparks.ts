// What moves on the map: sparks along the lines that stand out, the quicker the more requests there are. They pass below
// boxes and words. Pure, but for the drawing.

import { type Point, toView } from "./camera.ts";
import { pointOn } from "./curve.ts";
import type { Palette } from "./palette.ts";
import { type Bounds, overlap, type Sight } from "./patch.ts";
import { boxBounds } from "./place.ts";
import { ARROW, type Lit, type Scene, type SceneLine } from "./scene.ts";
import type { Tone } from "./values.ts";

/** A line as a row of points, `STEP` apart. */
export interface Track {
  readonly tone: Tone;
  readonly width: number;
  /** Pixels of the page in a second. */
  readonly speed: number;
  /** Null where something lies above it. */
  readonly points: readonly (Point | null)[];
}

/** Circles in pixels of the screen. */
export type Sparks = ReadonlyMap<Tone, readonly { readonly x: number; readonly y: number; readonly radius: number }[]>;

const STEP = 4; // of the world
const PARTS = 48; // straight ones that stand for a curve
const GAP = 26; // pixels of the page between two sparks
const MOST = 400; // sparks; if there were more, they are further apart
const FAR = 0.12; // the zoom below which they would only flicker
const LEAST = 2; // pixels of a radius
const ROUND = 4; // steps of speed for a tenfold rate: a spark doesn't jump when a rate changes a little

/** The lines that stand out. `words` lie above them, as boxes do. */
export function tracksOf(scene: Scene, lit: Lit | null, words: readonly Bounds[]): Track[] {
  if (lit === null) return [];
  const above = [...words, ...scene.boxes.map(boxBounds)];
  return scene.lines.filter(({ line }) => lit.lines.has(line.id)).map((line) => trackOf(line, above));
}

function trackOf({ line, curve, width, bounds }: SceneLine, above: readonly Bounds[]): Track {
  const near = above.filter((one) => overlap(one, bounds));
  const points = evenly(curve).map((point) => (near.some((one) => overlap(one, [point.x, point.y, point.x, point.y])) ? null : point));
  return { tone: line.tone, width, speed: 14 + (22 * Math.round(ROUND * Math.log10(1 + line.rate))) / ROUND, points };
}

/** Points of a curve that are `STEP` apart along it, as far as the head of the line. */
function evenly(curve: SceneLine["curve"]): Point[] {
  const points: Point[] = [];
  let before = pointOn(curve, 0);
  let next = 0; // how far it is from `before` to the next point
  for (let part = 1; part <= PARTS; part += 1) {
    const after = pointOn(curve, part / PARTS);
    const far = Math.hypot(after.x - before.x, after.y - before.y);
    for (; next < far; next += STEP) {
      points.push({ x: before.x + ((after.x - before.x) * next) / far, y: before.y + ((after.y - before.y) * next) / far });
    }
    next -= far;
    before = after;
  }
  return points.slice(0, points.length - Math.ceil(ARROW / STEP));
}

/** Whether there is anything to move at this zoom. */
export function isMoving(tracks: readonly Track[], zoom: number): boolean {
  return tracks.length > 0 && zoom >= FAR;
}

/** Where the sparks are at a time, as far as they are in view. */
export function sparksAt(tracks: readonly Track[], seconds: number, { camera, view, density }: Sight): Sparks {
  const sparks = new Map<Tone, { x: number; y: number; radius: number }[]>();
  if (!isMoving(tracks, camera.zoom)) return sparks;
  const step = STEP * camera.zoom;
  const length = tracks.reduce((sum, { points }) => sum + points.length, 0) * step;
  const gap = Math.max(GAP, length / MOST);
  for (const { tone, width, speed, points } of tracks) {
    const radius = Math.max(LEAST, (width * camera.zoom) / 2 + 1);
    const row = sparks.get(tone) ?? [];
    for (let far = (seconds * speed) % gap; far < points.length * step; far += gap) {
      const point = at(points, far / step);
      const place = point && toView(camera, view, point);
      if (!place || place.x < -radius || place.y < -radius || place.x > view.width + radius || place.y > view.height + radius) continue;
      row.push({ x: place.x * density, y: place.y * density, radius: radius * density });
    }
    sparks.set(tone, row);
  }
  return sparks;
}

/** The point at a place of a row that lies between two. */
function at(points: readonly (Point | null)[], place: number): Point | null {
  const [before, after] = [points[Math.floor(place)], points[Math.ceil(place)]];
  if (!before || !after) return null;
  const part = place % 1;
  return { x: before.x + (after.x - before.x) * part, y: before.y + (after.y - before.y) * part };
}

/** One path for each colour: so many circles cost little more than one. */
export function drawSparks(ctx: CanvasRenderingContext2D, sparks: Sparks, palette: Palette): void {
  for (const [tone, row] of sparks) {
    ctx.fillStyle = palette.tones[tone];
    ctx.beginPath();
    for (const { x, y, radius } of row) {
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
    ctx.fill();
  }
}
