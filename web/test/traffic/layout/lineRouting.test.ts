// Lines that would pass behind other boxes.

import { expect, test } from "vitest";
import { boxBounds, type Curve, curveBetween, pointAt } from "../../../src/traffic/layout/geometry.ts";
import { computeLayout, type Layout } from "../../../src/traffic/layout/layout.ts";

const POINTS = 100;

function laid(...calls: string[]): Layout & { readonly lines: { from: string; to: string }[] } {
  const lines = calls.map((call) => ({ from: call.slice(0, 1), to: call.slice(1) }));
  const ids = [...new Set(calls.join(""))];
  return { ...computeLayout({ boxes: ids.map((id) => ({ id, namespace: "" })), lines }), lines };
}

function passes(curve: Curve, [left, top, right, bottom]: readonly [number, number, number, number]): boolean {
  return Array.from({ length: POINTS }, (_, n) => pointAt(curve, n / POINTS)).some(({ x, y }) => x >= left && x <= right && y >= top && y <= bottom);
}

/** Which lines lie behind which boxes. */
function hidden({ positions, offsets, lines }: ReturnType<typeof laid>): string[] {
  return lines.flatMap(({ from, to }) => {
    const [start, end] = [positions.get(from), positions.get(to)];
    if (!start || !end) throw new Error("a box has no position");
    const curve = curveBetween(start, end, offsets.get(`${from} ${to}`));
    const others = [...positions].filter(([id]) => id !== from && id !== to);
    return others.filter(([, place]) => passes(curve, boxBounds(place))).map(([id]) => `${from}${to} behind ${id}`);
  });
}

test.each([
  ["a call past one service", ["ab", "bc", "ac"]],
  ["calls past two", ["ab", "bc", "cd", "ac", "bd", "ad"]],
  ["a call between others", ["ab", "bc", "ac", "xb", "by"]],
])("%s goes around it", (_, calls) => {
  expect(hidden(laid(...calls))).toEqual([]);
});

test("a line with nothing in its way is straight on", () => {
  expect([...laid("ab", "bc", "cd").offsets]).toEqual([]);
});
