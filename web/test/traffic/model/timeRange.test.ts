import { expect, test } from "vitest";
import { surroundingSpan, parseTimeRange, formatTimeRange, resolveTimeRange, chartPeriod, wholePeriod } from "../../../src/traffic/model/timeRange.ts";

const NOW = 1_700_000_123.4;

test.each(["1m", "5m", "1h", "3h", "12h", "1d", "7d", "1700000040-1700000340"])("%s is what it is written as", (text) => {
  expect(formatTimeRange(parseTimeRange(text))).toBe(text);
});

test.each([null, "", "0m", "99d", "5", "x", "1700000340-1700000040", "<script>"])("%s is taken as the last five minutes", (text) => {
  expect(parseTimeRange(text)).toEqual({ kind: "last", seconds: 300 });
});

test.each(["1m", "5m", "1h", "7d"])("one period of whole minutes holds all of %s, its last moment too", (text) => {
  const span = resolveTimeRange(parseTimeRange(text), NOW);
  expect(span.start % 60).toBe(0);
  expect(wholePeriod(span) % 60).toBe(0);
  expect(span.start + wholePeriod(span)).toBeGreaterThan(NOW);
  expect(span.start + wholePeriod(span)).toBeLessThanOrEqual(NOW + 60);
});

test("a range between two minutes is those minutes and no more", () => {
  const span = resolveTimeRange(parseTimeRange("1700000040-1700000340"), NOW);
  expect(span).toEqual({ start: 1_700_000_040, end: 1_700_000_340 });
  expect(wholePeriod(span)).toBe(300);
});

test.each(["1m", "5m", "1h", "3h", "12h", "1d", "7d"])("a chart of %s has no more than a hundred points, of a period that is kept", (text) => {
  const span = resolveTimeRange(parseTimeRange(text), NOW);
  const period = chartPeriod(span, NOW);
  expect((span.end - span.start) / period).toBeLessThanOrEqual(100);
  if (period < 60) expect(NOW - span.start).toBeLessThan(3 * 3600);
});

test("the strip around a range holds it, and ends now at the latest", () => {
  for (const text of ["1m", "1h", "7d", "1699000020-1699000320"]) {
    const span = resolveTimeRange(parseTimeRange(text), NOW);
    const wide = surroundingSpan(span, NOW);
    expect(wide.start).toBeLessThanOrEqual(span.start);
    expect(wide.end).toBeGreaterThanOrEqual(span.end);
    expect(wide.end).toBeLessThanOrEqual(NOW);
  }
});
