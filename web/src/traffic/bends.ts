// How far lines bend to go around boxes that stand in their way: behind one nobody would see them, or find them with a pointer. Pure.

import { type Curve, curveOf, pointOn } from "./curve.ts";
import { BOX, type Place } from "./place.ts";

/** By the line's ends, "from to"; what is not there is straight on. */
export type Bends = ReadonlyMap<string, number>;

const STEP = BOX.height; // from one try to the next
const TRIES = 4; // on each side: further off it would be a line of nobody
const ROOM = 6; // between a line and a box
const POINTS = 32; // of a curve, that are looked at

export function bendsOf(lines: readonly { readonly from: string; readonly to: string }[], places: ReadonlyMap<string, Place>): Bends {
  const bends = new Map<string, number>();
  for (const { from, to } of lines) {
    const [start, end] = [places.get(from), places.get(to)];
    if (!start || !end || end.x <= start.x + BOX.width) continue;
    const between = [...places.values()].filter(({ x }) => x > start.x && x < end.x);
    const bend = between.length === 0 ? 0 : clearest(start, end, between);
    if (bend !== 0) bends.set(`${from} ${to}`, bend);
  }
  return bends;
}

/** The least bend with the fewest boxes before the line. */
function clearest(start: Place, end: Place, between: readonly Place[]): number {
  let [best, fewest] = [0, Infinity];
  for (let turn = 0; turn <= 2 * TRIES && fewest > 0; turn += 1) {
    const bend = STEP * Math.ceil(turn / 2) * (turn % 2 === 0 ? 1 : -1);
    const hiding = hidingOf(curveOf(start, end, bend), between);
    if (hiding < fewest) [best, fewest] = [bend, hiding];
  }
  return best;
}

function hidingOf(curve: Curve, boxes: readonly Place[]): number {
  const points = Array.from({ length: POINTS }, (_, place) => pointOn(curve, (place + 0.5) / POINTS));
  const isBehind = (box: Place) => points.some(({ x, y }) => x > box.x - ROOM && x < box.x + BOX.width + ROOM && y > box.y - ROOM && y < box.y + BOX.height + ROOM);
  return boxes.filter(isBehind).length;
}
