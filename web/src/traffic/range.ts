// The time that all numbers are of. The address holds it: `5m` goes along with the clock, `1700000040-1700000340` stands.

import type { Span } from "./values.ts";

export type Range =
  | { readonly kind: "last"; readonly seconds: number }
  | { readonly kind: "between"; readonly start: number; readonly end: number };

const MINUTE = 60;
const HOUR = 3600;
const DAY = 24 * HOUR;
const LONGEST = 15 * DAY; // what is kept
const FINE_KEPT = 3 * HOUR; // periods below a minute are
const UNITS: Readonly<Record<string, number>> = { m: MINUTE, h: HOUR, d: DAY };

/** What the page offers, the shortest first; the first is what "live" means. */
export const LASTS = ["1m", "5m", "1h", "3h", "12h", "1d", "7d"] as const;
export const DEFAULT_RANGE = "5m";

export function parseRange(text: string | null): Range {
  const last = /^([1-9]\d{0,4})([mhd])$/.exec(text ?? "");
  if (last?.[1] && last[2]) {
    const seconds = Number(last[1]) * (UNITS[last[2]] ?? MINUTE);
    if (seconds <= LONGEST) return { kind: "last", seconds };
  }
  const between = /^(\d{1,11})-(\d{1,11})$/.exec(text ?? "");
  if (between) {
    const [start, end] = [Number(between[1]), Number(between[2])];
    if (start < end && end - start <= LONGEST) return { kind: "between", start, end };
  }
  return { kind: "last", seconds: 5 * MINUTE };
}

export function rangeText(range: Range): string {
  if (range.kind === "between") return `${range.start}-${range.end}`;
  for (const [unit, size] of Object.entries(UNITS).reverse()) {
    if (range.seconds % size === 0) return `${range.seconds / size}${unit}`;
  }
  return DEFAULT_RANGE;
}

/** The span of a range at this moment. It begins with a minute, as CloudWatch's periods do. */
export function spanOf(range: Range, now: number): Span {
  const [start, end] = range.kind === "last" ? [now - range.seconds, now] : [range.start, range.end];
  return { start: Math.floor(start / MINUTE) * MINUTE, end };
}

export function seconds(span: Span): number {
  return Math.max(span.end - span.start, 1);
}

/** The one period that holds the whole span, so that a percentile is that of all its requests. */
export function wholePeriod(span: Span): number {
  const length = span.end - span.start;
  return Number.isInteger(length / MINUTE) && length > 0 ? length : (Math.floor(length / MINUTE) + 1) * MINUTE;
}

const STEPS = [10, 30, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR] as const;
const MOST_POINTS = 100;

/** The period of a chart's points: the finest that is still kept and gives no more than a hundred. */
export function step(span: Span, now: number): number {
  const fine = now - span.start < FINE_KEPT - MINUTE;
  return STEPS.find((one) => (fine || one >= MINUTE) && seconds(span) / one <= MOST_POINTS) ?? 6 * HOUR;
}

/** The time around a range, in which it can be moved and widened: four times as long, half an hour at least, up to now. */
export function around(span: Span, now: number): Span {
  const wide = Math.min(Math.max(4 * seconds(span), HOUR / 2), LONGEST);
  const end = Math.min(now, Math.max(span.end, (span.start + span.end + wide) / 2));
  return { start: Math.floor((end - wide) / MINUTE) * MINUTE, end };
}
