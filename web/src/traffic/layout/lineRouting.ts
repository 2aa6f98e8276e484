// Routes lines around the boxes in their way: a line behind a box could be neither seen nor pointed at. Pure.

import { BOX, type Curve, curveBetween, type Point, pointAt } from "./geometry.ts";

/** The vertical offset of each line, by "from to". A line without one is straight. */
export type LineOffsets = ReadonlyMap<string, number>;

const STEP = BOX.height; // between two offsets that are tried
const MAX_STEPS = 4; // on each side; with a larger offset a line could not be told from others
const CLEARANCE = 6; // between a line and a box
const SAMPLES = 32; // points of a curve that are compared with boxes

export function routeLines(lines: readonly { readonly from: string; readonly to: string }[], positions: ReadonlyMap<string, Point>): LineOffsets {
  const offsets = new Map<string, number>();
  for (const { from, to } of lines) {
    const [start, end] = [positions.get(from), positions.get(to)];
    if (!start || !end || end.x <= start.x + BOX.width) continue;
    const between = [...positions.values()].filter(({ x }) => x > start.x && x < end.x);
    const offset = between.length === 0 ? 0 : bestOffset(start, end, between);
    if (offset !== 0) offsets.set(`${from} ${to}`, offset);
  }
  return offsets;
}

/** The smallest offset with which the line passes behind the fewest boxes. */
function bestOffset(start: Point, end: Point, boxes: readonly Point[]): number {
  let [best, fewest] = [0, Infinity];
  for (let attempt = 0; attempt <= 2 * MAX_STEPS && fewest > 0; attempt += 1) {
    const offset = STEP * Math.ceil(attempt / 2) * (attempt % 2 === 0 ? 1 : -1);
    const count = countBoxesOn(curveBetween(start, end, offset), boxes);
    if (count < fewest) [best, fewest] = [offset, count];
  }
  return best;
}

function countBoxesOn(curve: Curve, boxes: readonly Point[]): number {
  const points = Array.from({ length: SAMPLES }, (_, index) => pointAt(curve, (index + 0.5) / SAMPLES));
  const isOnCurve = (box: Point) =>
    points.some(({ x, y }) => x > box.x - CLEARANCE && x < box.x + BOX.width + CLEARANCE && y > box.y - CLEARANCE && y < box.y + BOX.height + CLEARANCE);
  return boxes.filter(isOnCurve).length;
}
