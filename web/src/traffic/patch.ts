// The part of a picture that is kept as pixels, and where these go on the screen when the camera has moved since. Pure.

import { type Camera, type Size, toView, toWorld } from "./camera.ts";

/** Left, top, right, bottom. */
export type Bounds = readonly [number, number, number, number];

export interface Patch {
  /** What of the world it shows. */
  readonly of: Bounds;
  /** Pixels of the screen for one of the world. */
  readonly scale: number;
}

/** What is looked at: `view` in pixels of the page, of which each is `density` of the screen's. */
export interface Sight {
  readonly camera: Camera;
  readonly view: Size;
  readonly density: number;
}

/** Pixels of the screen. */
export interface Place extends Size {
  readonly x: number;
  readonly y: number;
}

const AROUND = 0.25; // of the view, on each side: so far the camera may go before something is missing
const EDGE = 160; // of the world, around all boxes: lines that lead back, and words
const COARSEST = 1.6; // pixels of the screen, each way, that one of a patch may stand for
const MOST = 12_000_000; // pixels, 48 MB; from there on nothing is kept around the view

/** What to draw: the view and some more around it, as far as there is a picture. */
export function patchFor(sight: Sight, picture: Size): Patch {
  const { camera, view, density } = sight;
  const around = view.width * view.height * (density * (1 + 2 * AROUND)) ** 2 > MOST ? 0 : AROUND;
  const [left, top, right, bottom] = seen(sight);
  const [aside, above] = [(right - left) * around, (bottom - top) * around];
  return { of: common([left - aside, top - above, right + aside, bottom + above], whole(picture)), scale: camera.zoom * density };
}

/** Whether it shows all that there is to see, pixel by pixel. */
export function isSharp(patch: Patch, sight: Sight, picture: Size): boolean {
  return stretchOf(patch, sight) === 1 && covers(patch, sight, picture);
}

/** Whether it will do while the camera moves: nothing is missing, and nothing is very coarse or much too fine. */
export function isFair(patch: Patch, sight: Sight, picture: Size): boolean {
  const stretch = stretchOf(patch, sight);
  return stretch <= COARSEST && stretch >= 1 / COARSEST && covers(patch, sight, picture);
}

function covers({ of }: Patch, sight: Sight, picture: Size): boolean {
  const [left, top, right, bottom] = common(seen(sight), whole(picture));
  const isNothing = left >= right || top >= bottom;
  return isNothing || (left >= of[0] && top >= of[1] && right <= of[2] && bottom <= of[3]);
}

function stretchOf(patch: Patch, { camera, density }: Sight): number {
  return (camera.zoom * density) / patch.scale;
}

/** How many pixels it has. */
export function pixelsOf({ of: [left, top, right, bottom], scale }: Patch): Size {
  return { width: Math.max(Math.ceil((right - left) * scale), 1), height: Math.max(Math.ceil((bottom - top) * scale), 1) };
}

/** Where it goes: on whole pixels, which are just copied, unless it has to be stretched. */
export function placeOf(patch: Patch, sight: Sight): Place {
  const { camera, view, density } = sight;
  const { x, y } = toView(camera, view, { x: patch.of[0], y: patch.of[1] });
  const { width, height } = pixelsOf(patch);
  const stretch = stretchOf(patch, sight);
  if (stretch === 1) return { x: Math.round(x * density), y: Math.round(y * density), width, height };
  return { x: x * density, y: y * density, width: width * stretch, height: height * stretch };
}

/** Whether two have anything in common. */
export function overlap(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

function seen({ camera, view }: Sight): Bounds {
  const [from, to] = [toWorld(camera, view, { x: 0, y: 0 }), toWorld(camera, view, { x: view.width, y: view.height })];
  return [from.x, from.y, to.x, to.y];
}

function whole({ width, height }: Size): Bounds {
  return [-EDGE, -EDGE, width + EDGE, height + EDGE];
}

function common(a: Bounds, b: Bounds): Bounds {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
}
