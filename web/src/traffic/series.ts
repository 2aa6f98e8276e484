// Metrics over time, for charts. What counts has 0 where there was nothing to count; what is measured has no point there.

import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { cloudWatch } from "../aws/cloudWatch.ts";
import type { Target } from "../aws/config.ts";
import { readData } from "./figures.ts";
import { dimensionsOf, dimensionsOfAll, listKnown, type Source, sourceOf, SOURCES } from "./known.ts";
import { Known } from "./mesh.ts";
import type { EdgeKey, FigureName, Member, Span } from "./values.ts";

const QUERIES_AT_ONCE = 500;

export interface Wanted {
  readonly label: string;
  readonly namespace: string;
  readonly metric: string;
  readonly stat: string;
  readonly dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

export interface Moment {
  readonly x: Date;
  readonly y: number;
}

export interface Series {
  readonly label: string;
  readonly points: readonly Moment[];
}

/** One series for each that is wanted, in the same order. */
export async function readSeries(target: Target, wanted: readonly Wanted[], span: Span, period: number, signal: AbortSignal): Promise<Series[]> {
  const read = await readWhole(target, wanted, span, period, signal);
  return read.map(({ label, points }, place) => ({ label, points: wanted[place]?.stat === "Sum" ? settled(points, span, period) : points }));
}

async function readWhole(target: Target, wanted: readonly Wanted[], span: Span, period: number, signal: AbortSignal): Promise<Series[]> {
  const found: Series[] = [];
  for (let first = 0; first < wanted.length; first += QUERIES_AT_ONCE) {
    const batch = wanted.slice(first, first + QUERIES_AT_ONCE);
    const results = await readData(cloudWatch(target), batch.map((one, place) => queryOf(one, place, period)), span, signal);
    const values = batch.map(() => new Map<number, number>());
    for (const result of results) {
      const own = values[Number(result.Id?.slice(1))];
      for (const [place, at] of (result.Timestamps ?? []).entries()) own?.set(at.getTime(), result.Values?.[place] ?? 0);
    }
    for (const [place, one] of batch.entries()) {
      found.push({ label: one.label, points: pointsOf(values[place] ?? new Map<number, number>(), one.stat, span, period) });
    }
  }
  return found;
}

function queryOf(one: Wanted, place: number, period: number): MetricDataQuery {
  const metric = { Namespace: one.namespace, MetricName: one.metric, Dimensions: [...one.dimensions] };
  return { Id: `q${place}`, MetricStat: { Metric: metric, Period: period, Stat: one.stat } };
}

/** Without the point of a period that is not over, where it would look like a fall. */
export function settled(points: readonly Moment[], span: Span, period: number): readonly Moment[] {
  const [before, last] = points.slice(-2);
  const falls = before !== undefined && last !== undefined && last.y < before.y && last.x.getTime() / 1000 + period > span.end;
  return falls ? points.slice(0, -1) : points;
}

export function pointsOf(values: ReadonlyMap<number, number>, stat: string, span: Span, period: number): Moment[] {
  if (stat !== "Sum") return [...values].sort(([a], [b]) => a - b).map(([at, y]) => ({ x: new Date(at), y }));
  const points: Moment[] = [];
  for (let at = span.start; at < span.end; at += period) points.push({ x: new Date(at * 1000), y: values.get(at * 1000) ?? 0 });
  return points;
}

/** No more than so many points of each, of as many periods together as that takes: sums of what counts, from one time on. */
export function fewer(series: readonly Series[], most: number): readonly Series[] {
  const each = Math.ceil(Math.max(0, ...series.map(({ points }) => points.length)) / most);
  if (each <= 1) return series;
  return series.map(({ label, points }) => ({
    label,
    points: points
      .filter((_, place) => place % each === 0)
      .map(({ x }, place) => ({ x, y: points.slice(place * each, (place + 1) * each).reduce((sum, one) => sum + one.y, 0) })),
  }));
}

/** Requests and failures of all edges together, or of a namespace's or a mesh's. */
export async function readTotals(
  target: Target,
  { namespace, members, span, period }: { namespace: string | null; members: readonly Member[]; span: Span; period: number },
  signal: AbortSignal,
): Promise<{ requests: readonly Moment[]; failures: readonly Moment[] }> {
  const known = await listKnown(cloudWatch(target), signal);
  const names = new Known(members);
  const wanted = (figure: FigureName): Wanted[] => {
    const keys = (known.get(figure) ?? []).filter((key) => namespace === null || names.namespaceOf(key) === namespace);
    const dimensions = namespace === null ? dimensionsOfAll : dimensionsOf;
    const each = keys.map((key) => ({ label: figure, ...sourceOf(key, SOURCES[figure]), dimensions: dimensions(key) }));
    return [...new Map(each.map((one) => [JSON.stringify(one), one])).values()];
  };
  const asked = [...wanted("requests"), ...wanted("connections"), ...wanted("failures")];
  const series = await readWhole(target, asked, span, period, signal);
  const together = (parts: readonly Series[]) => settled(summed(parts, span, period), span, period);
  return {
    requests: together(series.filter((one) => one.label !== "failures")),
    failures: together(series.filter((one) => one.label === "failures")),
  };
}

export function summed(series: readonly Series[], span: Span, period: number): Moment[] {
  const sums = pointsOf(new Map(), "Sum", span, period).map((point) => ({ x: point.x, y: 0 }));
  for (const { points } of series) {
    for (const [place, point] of points.entries()) {
      const sum = sums[place];
      if (sum) sum.y += point.y;
    }
  }
  return sums;
}

/** The charts of one edge. */
export function edgeWanted(key: EdgeKey, tcp: boolean) {
  const dimensions = dimensionsOf(key);
  const of = (label: string, source: Source): Wanted => ({ label, ...sourceOf(key, source), dimensions });
  const figure = (name: FigureName) => of(name, SOURCES[name]);
  const counted = (label: string, metric: string) => of(label, { by: "aws", metric, stat: "Sum" });
  const traffic = [figure(tcp ? "connections" : "requests"), figure("failures")];
  const trouble = [figure("retries"), figure("timeouts"), figure("ejected")];
  if (tcp) return { traffic, trouble, times: [], codes: [], bytes: [counted("bytes", "TargetProcessedBytes")] };
  return {
    traffic,
    trouble,
    times: [figure("p50"), figure("p95"), figure("p99")],
    codes: ["2XX", "3XX", "4XX", "5XX"].map((code) => counted(code, `HTTPCode_Target_${code}_Count`)),
    bytes: [],
  };
}
