// The way of a line from box to box. World coordinates.

import { BOX, type Place } from "./place.ts";

/** A cubic curve: where it begins, its two handles, where it ends. */
export type Curve = readonly [number, number, number, number, number, number, number, number];

const REACH = 60; // the least length of a handle
const BEND = 0.45; // of the distance
const AROUND = 70; // how far a line that leads back goes around

/** From a box to another: from left to right, or around where that leads back. `bend`: how far its handles are off the straight way. */
export function curveOf(from: Place, to: Place, bend = 0): Curve {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  if (x2 > x1) {
    const reach = Math.max((x2 - x1) * BEND, REACH);
    return [x1, y1, x1 + reach, y1 + bend, x2 - reach, y2 + bend, x2, y2];
  }
  const over = Math.min(y1, y2) - AROUND - Math.abs(y1 - y2) / 4;
  return [x1, y1, x1 + AROUND * 2, over, x2 - AROUND * 2, over, x2, y2];
}

/** The point of a curve at `t` from 0 to 1. */
export function pointOn([x1, y1, x2, y2, x3, y3, x4, y4]: Curve, t: number): Place {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: a * x1 + b * x2 + c * x3 + d * x4, y: a * y1 + b * y2 + c * y3 + d * y4 };
}
