// The animation of the map: particles that move along highlighted lines, faster the higher the rate is. They pass below boxes
// and labels. Pure, except for drawParticles.

import { type Bounds, boxBounds, overlaps, pathPoints, type Point } from "../layout/geometry.ts";
import type { Tone } from "../model/mesh.ts";
import { toView } from "./camera.ts";
import type { Palette } from "./palette.ts";
import { ARROW_LENGTH, type Highlight, type Scene, type SceneLine } from "./scene.ts";
import type { Viewport } from "./tile.ts";

/** A line as points that are `SPACING` apart. */
export interface ParticleTrack {
  readonly tone: Tone;
  readonly width: number;
  /** Pixels of the view per second. */
  readonly speed: number;
  /** Null where the line is below a box or a label. */
  readonly points: readonly (Point | null)[];
}

/** Circles in device pixels, by tone. */
export type Particles = ReadonlyMap<Tone, readonly { readonly x: number; readonly y: number; readonly radius: number }[]>;

const SPACING = 4; // world units
const SEGMENTS = 24; // straight segments of a curve
const GAP = 26; // pixels of the view between two particles
const MAX_PARTICLES = 400; // the gap grows rather than exceed it
const PARTICLES_MIN_ZOOM = 0.12; // below which particles would only flicker
const MIN_RADIUS = 2;
const SPEED_STEPS = 4; // per factor of ten in the rate, so that particles don't jump when a rate changes slightly

/** The tracks of the highlighted lines. `labels` cover them, as boxes do. */
export function particleTracks(scene: Scene, highlight: Highlight | null, labels: readonly Bounds[]): ParticleTrack[] {
  if (highlight === null) return [];
  const covers = [...labels, ...scene.boxes.map(boxBounds)];
  return scene.lines.filter(({ line }) => highlight.lines.has(line.id)).map((line) => buildTrack(line, covers));
}

function buildTrack({ line, path, width, bounds }: SceneLine, covers: readonly Bounds[]): ParticleTrack {
  const nearCovers = covers.filter((cover) => overlaps(cover, bounds));
  const isCovered = ({ x, y }: Point) => nearCovers.some((cover) => overlaps(cover, [x, y, x, y]));
  const points = evenlySpacedPoints(path).map((point) => (isCovered(point) ? null : point));
  return { tone: line.tone, width, speed: 14 + (22 * Math.round(SPEED_STEPS * Math.log10(1 + line.rate))) / SPEED_STEPS, points };
}

/** Points of a path that are `SPACING` apart, up to the arrow. */
function evenlySpacedPoints(path: SceneLine["path"]): Point[] {
  const points: Point[] = [];
  const [start, ...ends] = pathPoints(path, SEGMENTS);
  let from = start ?? { x: 0, y: 0 };
  let next = 0; // the distance between `from` and the next point
  for (const to of ends) {
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    for (; next < length; next += SPACING) {
      points.push({ x: from.x + ((to.x - from.x) * next) / length, y: from.y + ((to.y - from.y) * next) / length });
    }
    next -= length;
    from = to;
  }
  return points.slice(0, points.length - Math.ceil(ARROW_LENGTH / SPACING));
}

/** Whether particles are drawn at this zoom. */
export function isAnimated(tracks: readonly ParticleTrack[], zoom: number): boolean {
  return tracks.length > 0 && zoom >= PARTICLES_MIN_ZOOM;
}

/** The particles in view at a time. */
export function particlesAt(tracks: readonly ParticleTrack[], seconds: number, { camera, view, pixelRatio }: Viewport): Particles {
  const particles = new Map<Tone, { x: number; y: number; radius: number }[]>();
  if (!isAnimated(tracks, camera.zoom)) return particles;
  const spacing = SPACING * camera.zoom;
  const totalLength = tracks.reduce((sum, { points }) => sum + points.length, 0) * spacing;
  const gap = Math.max(GAP, totalLength / MAX_PARTICLES);
  for (const { tone, width, speed, points } of tracks) {
    const radius = Math.max(MIN_RADIUS, (width * camera.zoom) / 2 + 1);
    const circles = particles.get(tone) ?? [];
    for (let distance = (seconds * speed) % gap; distance < points.length * spacing; distance += gap) {
      const point = interpolate(points, distance / spacing);
      const position = point && toView(camera, view, point);
      if (!position || position.x < -radius || position.y < -radius || position.x > view.width + radius || position.y > view.height + radius) continue;
      circles.push({ x: position.x * pixelRatio, y: position.y * pixelRatio, radius: radius * pixelRatio });
    }
    particles.set(tone, circles);
  }
  return particles;
}

/** The point at a fractional index. */
function interpolate(points: readonly (Point | null)[], index: number): Point | null {
  const [before, after] = [points[Math.floor(index)], points[Math.ceil(index)]];
  if (!before || !after) return null;
  const fraction = index % 1;
  return { x: before.x + (after.x - before.x) * fraction, y: before.y + (after.y - before.y) * fraction };
}

/** Draws one path per color, because many circles in one path cost little more than one. */
export function drawParticles(ctx: CanvasRenderingContext2D, particles: Particles, palette: Palette): void {
  for (const [tone, circles] of particles) {
    ctx.fillStyle = palette.tones[tone];
    ctx.beginPath();
    for (const { x, y, radius } of circles) {
      ctx.moveTo(x + radius, y);
      ctx.arc(x, y, radius, 0, 2 * Math.PI);
    }
    ctx.fill();
  }
}
