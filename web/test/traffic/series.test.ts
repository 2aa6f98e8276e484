import { expect, test } from "vitest";
import { pointsOf, settled } from "../../src/traffic/series.ts";

const SPAN = { start: 60, end: 95 };
const points = (...ys: number[]) => ys.map((y, place) => ({ x: new Date((60 + 10 * place) * 1000), y }));
const ys = (found: readonly { y: number }[]) => found.map((point) => point.y);

test("what counts has 0 where there was nothing, what is measured has no point there", () => {
  const values = new Map([[70_000, 5]]);
  expect(pointsOf(values, "Sum", SPAN, 10)).toEqual(points(0, 5, 0, 0));
  expect(pointsOf(values, "p50", SPAN, 10)).toEqual(points(0, 5).slice(1));
});

test("a period that is not over is no fall, though it may be a rise", () => {
  expect(ys(settled(points(7, 7, 7, 3), SPAN, 10))).toEqual([7, 7, 7]);
  expect(ys(settled(points(7, 7, 7, 9), SPAN, 10))).toEqual([7, 7, 7, 9]);
  expect(ys(settled(points(7, 7, 7, 3), { start: 60, end: 100 }, 10))).toEqual([7, 7, 7, 3]);
  expect(ys(settled(points(3), SPAN, 10))).toEqual([3]);
});
