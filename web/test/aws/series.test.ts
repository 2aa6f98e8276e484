import { expect, test } from "vitest";
import { downsample, dropPartialPeriod, toPoints } from "../../src/aws/series.ts";

const SPAN = { start: 60, end: 95 };
const points = (...ys: number[]) => ys.map((y, place) => ({ x: new Date((60 + 10 * place) * 1000), y }));
const ys = (found: readonly { y: number }[]) => found.map((point) => point.y);

test("what counts has 0 where there was nothing, what is measured has no point there", () => {
  const values = new Map([[70_000, 5]]);
  expect(toPoints(values, "Sum", SPAN, 10)).toEqual(points(0, 5, 0, 0));
  expect(toPoints(values, "p50", SPAN, 10)).toEqual(points(0, 5).slice(1));
});

test("a period that is not over is no fall, though it may be a rise", () => {
  expect(ys(dropPartialPeriod(points(7, 7, 7, 3), SPAN, 10))).toEqual([7, 7, 7]);
  expect(ys(dropPartialPeriod(points(7, 7, 7, 9), SPAN, 10))).toEqual([7, 7, 7, 9]);
  expect(ys(dropPartialPeriod(points(7, 7, 7, 3), { start: 60, end: 100 }, 10))).toEqual([7, 7, 7, 3]);
  expect(ys(dropPartialPeriod(points(3), SPAN, 10))).toEqual([3]);
});

test("a chart of bars has no more of them than there is room for, and counts the same", () => {
  const many = [{ label: "2XX", points: points(...Array.from({ length: 95 }, (_, place) => place)) }, { label: "5XX", points: points(...Array.from({ length: 94 }, () => 1)) }];
  const [good, bad] = downsample(many, 60);
  expect(good?.points).toHaveLength(48);
  expect(good?.points.slice(0, 2)).toEqual([{ x: new Date(60_000), y: 0 + 1 }, { x: new Date(80_000), y: 2 + 3 }]);
  expect(good?.points.reduce((sum, { y }) => sum + y, 0)).toBe((94 * 95) / 2);
  expect(bad?.points.reduce((sum, { y }) => sum + y, 0)).toBe(94);
  expect(downsample(many, 100)).toBe(many);
});
