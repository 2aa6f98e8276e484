// Metrics over time, for charts. A sum is 0 where nothing was counted; any other statistic has no point there.

import type { Dimension, MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { Target } from "./config.ts";
import { MAX_QUERIES, readMetricData, type TimeSpan } from "./metrics.ts";

export interface SeriesQuery {
  readonly label: string;
  readonly namespace: string;
  readonly metric: string;
  readonly stat: string;
  readonly dimensions: readonly Dimension[];
}

export interface DataPoint {
  readonly x: Date;
  readonly y: number;
}

export interface Series {
  readonly label: string;
  readonly points: readonly DataPoint[];
}

/** One series for each query, in the same order. The last point of a sum is left out while its period is not over and it is lower than the one before. */
export async function readSeries(target: Target, queries: readonly SeriesQuery[], span: TimeSpan, period: number, signal: AbortSignal): Promise<Series[]> {
  const series = await readRawSeries(target, queries, span, period, signal);
  return series.map(({ label, points }, index) => ({ label, points: queries[index]?.stat === "Sum" ? dropPartialPeriod(points, span, period) : points }));
}

/** One series for each query, in the same order. */
export async function readRawSeries(target: Target, queries: readonly SeriesQuery[], span: TimeSpan, period: number, signal: AbortSignal): Promise<Series[]> {
  const series: Series[] = [];
  for (let first = 0; first < queries.length; first += MAX_QUERIES) {
    const batch = queries.slice(first, first + MAX_QUERIES);
    const results = await readMetricData(target, batch.map((query, index) => metricDataQuery(query, index, period)), span, signal);
    const values = batch.map(() => new Map<number, number>());
    for (const result of results) {
      const byTime = values[Number(result.Id?.slice(1))];
      for (const [index, time] of (result.Timestamps ?? []).entries()) byTime?.set(time.getTime(), result.Values?.[index] ?? 0);
    }
    for (const [index, { label, stat }] of batch.entries()) {
      series.push({ label, points: toPoints(values[index] ?? new Map<number, number>(), stat, span, period) });
    }
  }
  return series;
}

function metricDataQuery(query: SeriesQuery, index: number, period: number): MetricDataQuery {
  const metric = { Namespace: query.namespace, MetricName: query.metric, Dimensions: [...query.dimensions] };
  return { Id: `q${index}`, MetricStat: { Metric: metric, Period: period, Stat: query.stat } };
}

/** Drops the last point if its period is not over and its value would look like a drop. */
export function dropPartialPeriod(points: readonly DataPoint[], span: TimeSpan, period: number): readonly DataPoint[] {
  const [previous, last] = points.slice(-2);
  const drops = previous !== undefined && last !== undefined && last.y < previous.y && last.x.getTime() / 1000 + period > span.end;
  return drops ? points.slice(0, -1) : points;
}

/** Points from values by time (ms); a sum gets a point for each period of the span. */
export function toPoints(values: ReadonlyMap<number, number>, stat: string, span: TimeSpan, period: number): DataPoint[] {
  if (stat !== "Sum") return [...values].sort(([a], [b]) => a - b).map(([time, y]) => ({ x: new Date(time), y }));
  const points: DataPoint[] = [];
  for (let time = span.start; time < span.end; time += period) points.push({ x: new Date(time * 1000), y: values.get(time * 1000) ?? 0 });
  return points;
}

/** Adds up neighboring points so that no series has more than `maxPoints`. The series are sums that share their times. */
export function downsample(series: readonly Series[], maxPoints: number): readonly Series[] {
  const factor = Math.ceil(Math.max(0, ...series.map(({ points }) => points.length)) / maxPoints);
  if (factor <= 1) return series;
  return series.map(({ label, points }) => ({
    label,
    points: points
      .filter((_, index) => index % factor === 0)
      .map(({ x }, index) => ({ x, y: points.slice(index * factor, (index + 1) * factor).reduce((sum, { y }) => sum + y, 0) })),
  }));
}

/** The sum of several series of sums. */
export function sumSeries(series: readonly Series[], span: TimeSpan, period: number): DataPoint[] {
  const sums = toPoints(new Map(), "Sum", span, period).map(({ x }) => ({ x, y: 0 }));
  for (const { points } of series) {
    for (const [index, point] of points.entries()) {
      const sum = sums[index];
      if (sum) sum.y += point.y;
    }
  }
  return sums;
}
