// Geometry of the map in world coordinates: points, bounds, the size of a box, and paths of lines.

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

/** The course of a line: curves, each of which begins where the one before it ends. */
export type Path = readonly Curve[];

export const BOX = { width: 190, height: 62 } as const;

const CONTROL_DISTANCE = 0.5; // between an end of a curve and its control point, as a share of the curve's width

/** The bounds of a box, given its upper left corner. */
export function boxBounds({ x, y }: Point): Bounds {
  return [x, y, x + BOX.width, y + BOX.height];
}

export function overlaps(a: Bounds, b: Bounds): boolean {
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

/** A curve that leaves one point and reaches the other horizontally; straight between points of the same height. */
export function horizontalCurve(from: Point, to: Point): Curve {
  const distance = (to.x - from.x) * CONTROL_DISTANCE;
  return [from.x, from.y, from.x + distance, from.y, to.x - distance, to.y, to.x, to.y];
}

/** A path along a polyline of horizontal and vertical segments, with rounded corners. */
export function roundedPath(points: readonly Point[], radius: number): Path {
  const path: Curve[] = [];
  const [start, ...others] = points;
  if (!start) return path;
  let from: Point = start;
  for (const [index, corner] of others.entries()) {
    const next = others[index + 1];
    if (!next) {
      path.push(straight(from, corner));
      break;
    }
    const before: Point = towards(corner, from, radius);
    const after: Point = towards(corner, next, radius);
    path.push(straight(from, before), [before.x, before.y, corner.x, corner.y, corner.x, corner.y, after.x, after.y]);
    from = after;
  }
  return path;
}

function straight(a: Point, b: Point): Curve {
  return [a.x, a.y, a.x + (b.x - a.x) / 3, a.y + (b.y - a.y) / 3, b.x - (b.x - a.x) / 3, b.y - (b.y - a.y) / 3, b.x, b.y];
}

/** The point at this distance from a corner, at most half of the way to the other point. */
function towards(corner: Point, other: Point, distance: number): Point {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y);
  const share = length === 0 ? 0 : Math.min(distance, length / 2) / length;
  return { x: corner.x + (other.x - corner.x) * share, y: corner.y + (other.y - corner.y) * share };
}

/** The point of a curve at `t`, from 0 to 1. */
function pointAt([x1, y1, x2, y2, x3, y3, x4, y4]: Curve, t: number): Point {
  const u = 1 - t;
  const [a, b, c, d] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return { x: a * x1 + b * x2 + c * x3 + d * x4, y: a * y1 + b * y2 + c * y3 + d * y4 };
}

/** Points of a path from its start to its end, `segments` for each of its curves; a straight curve has only its ends. */
export function pathPoints(path: Path, segments: number): Point[] {
  const [first] = path;
  if (!first) return [];
  const points = [{ x: first[0], y: first[1] }];
  for (const curve of path) {
    const count = isStraight(curve) ? 1 : segments;
    for (let segment = 1; segment <= count; segment += 1) points.push(pointAt(curve, segment / count));
  }
  return points;
}

function isStraight([x1, y1, x2, y2, x3, y3, x4, y4]: Curve): boolean {
  return (y1 === y2 && y2 === y3 && y3 === y4) || (x1 === x2 && x2 === x3 && x3 === x4);
}

/** Bounds that contain a path. */
export function pathBounds(path: Path): Bounds {
  const [xs, ys] = [path.flatMap((curve) => [curve[0], curve[2], curve[4], curve[6]]), path.flatMap((curve) => [curve[1], curve[3], curve[5], curve[7]])];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
