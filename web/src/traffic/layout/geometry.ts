// Geometry of the map in world coordinates: points, bounds, the size of a box, and the curve of a line between two boxes.

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Left, top, right, bottom. */
export type Bounds = readonly [number, number, number, number];

/** A cubic Bézier curve: start, two control points, end. */
export type Curve = readonly [number, number, number, number, number, number, number, number];

export const BOX = { width: 172, height: 40 } as const;

const MIN_CONTROL_DISTANCE = 60; // between an end of a curve and its control point
const CONTROL_DISTANCE = 0.45; // the same, as a share of the curve's width
const BACKWARD_CLEARANCE = 70; // between a backward line and the boxes that it goes around

/** The bounds of a box, given its upper left corner. */
export function boxBounds({ x, y }: Point): Bounds {
  return [x, y, x + BOX.width, y + BOX.height];
}

export function overlaps(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/** The curve from one box to another: left to right, or above both boxes if it leads backward. `offset` moves its control points vertically. */
export function curveBetween(from: Point, to: Point, offset = 0): Curve {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  if (x2 > x1) {
    const distance = Math.max((x2 - x1) * CONTROL_DISTANCE, MIN_CONTROL_DISTANCE);
    return [x1, y1, x1 + distance, y1 + offset, x2 - distance, y2 + offset, x2, y2];
  }
  const above = Math.min(y1, y2) - BACKWARD_CLEARANCE - Math.abs(y1 - y2) / 4;
  return [x1, y1, x1 + BACKWARD_CLEARANCE * 2, above, x2 - BACKWARD_CLEARANCE * 2, above, x2, y2];
}

/** The point of a curve at `t`, from 0 to 1. */
export function pointAt([x1, y1, x2, y2, x3, y3, x4, y4]: Curve, t: number): Point {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: a * x1 + b * x2 + c * x3 + d * x4, y: a * y1 + b * y2 + c * y3 + d * y4 };
}
