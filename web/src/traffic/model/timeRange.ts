// Time ranges. The URL has a range as `5m`, which moves with the clock, or as `1700000040-1700000340`, which is fixed.

import type { TimeSpan } from "../../aws/metrics.ts";

export type TimeRange =
  | { readonly kind: "last"; readonly seconds: number }
  | { readonly kind: "between"; readonly start: number; readonly end: number };

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
export const MAX_RANGE = 15 * DAY; // the retention of metrics by the minute
const FINE_RETENTION = 3 * HOUR; // of periods shorter than a minute
const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: HOUR, d: DAY };

/** The ranges that the picker offers, shortest first; the first is "live". */
export const RELATIVE_RANGES = ["1m", "5m", "1h", "3h", "12h", "1d", "7d"] as const;
export const DEFAULT_RANGE = "5m";

export function parseTimeRange(text: string | null): TimeRange {
  const last = /^([1-9]\d{0,4})([mhd])$/.exec(text ?? "");
  if (last?.[1] && last[2]) {
    const seconds = Number(last[1]) * (UNITS[last[2]] ?? MINUTE);
    if (seconds <= MAX_RANGE) return { kind: "last", seconds };
  }
  const between = /^(\d{1,11})-(\d{1,11})$/.exec(text ?? "");
  if (between) {
    const [start, end] = [Number(between[1]), Number(between[2])];
    if (start < end && end - start <= MAX_RANGE) return { kind: "between", start, end };
  }
  return { kind: "last", seconds: 5 * MINUTE };
}

export function formatTimeRange(range: TimeRange): string {
  if (range.kind === "between") return `${range.start}-${range.end}`;
  for (const [unit, size] of Object.entries(UNITS).reverse()) {
    if (range.seconds % size === 0) return `${range.seconds / size}${unit}`;
  }
  return DEFAULT_RANGE;
}

/** The span of a range now. It starts with a whole minute, as CloudWatch's periods do. */
export function resolveTimeRange(range: TimeRange, now: number): TimeSpan {
  const [start, end] = range.kind === "last" ? [now - range.seconds, now] : [range.start, range.end];
  return { start: Math.floor(start / MINUTE) * MINUTE, end };
}

export function durationSeconds(span: TimeSpan): number {
  return Math.max(span.end - span.start, 1);
}

/** The length of a single period that contains the whole span, so that a percentile is that of all requests. */
export function wholePeriod(span: TimeSpan): number {
  const length = span.end - span.start;
  return Number.isInteger(length / MINUTE) && length > 0 ? length : (Math.floor(length / MINUTE) + 1) * MINUTE;
}

const PERIODS = [10, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR] as const;
const MAX_POINTS = 100;

/** The shortest period that is retained and gives a chart at most MAX_POINTS points. */
export function chartPeriod(span: TimeSpan, now: number): number {
  const fine = now - span.start < FINE_RETENTION - MINUTE;
  return PERIODS.find((period) => (fine || period >= MINUTE) && durationSeconds(span) / period <= MAX_POINTS) ?? 6 * HOUR;
}

/** The span around a range in which it can be moved and widened: four times as long, at least half an hour, up to now. */
export function surroundingSpan(span: TimeSpan, now: number): TimeSpan {
  const length = Math.min(Math.max(4 * durationSeconds(span), HOUR / 2), MAX_RANGE);
  const end = Math.min(now, Math.max(span.end, (span.start + span.end + length) / 2));
  return { start: Math.floor((end - length) / MINUTE) * MINUTE, end };
}
