// Metrics of edges over time: the timeline of all edges, and the charts of one.

import type { Target } from "../../aws/config.ts";
import type { TimeSpan } from "../../aws/metrics.ts";
import { type DataPoint, dropPartialPeriod, readRawSeries, type Series, type SeriesQuery, sumSeries } from "../../aws/series.ts";
import { MemberIndex } from "../model/buildMesh.ts";
import type { EdgeKey, EdgeMetricName, Member } from "../model/mesh.ts";
import { cloudWatchMetric, edgeDimensions, listEdges, type MetricSource, sourcesOf, targetDimensions } from "./edgeMetrics.ts";

/** Requests and failures of all edges, or of those of a namespace or a mesh. */
export async function readTotals(
  target: Target,
  { namespace, members, span, period }: { namespace: string | null; members: readonly Member[]; span: TimeSpan; period: number },
  signal: AbortSignal,
): Promise<{ requests: readonly DataPoint[]; failures: readonly DataPoint[] }> {
  const edges = await listEdges(target, signal);
  const index = new MemberIndex(members);
  const queriesFor = (metric: EdgeMetricName): SeriesQuery[] => {
    const keys = (edges.get(metric) ?? []).filter((key) => namespace === null || index.namespaceOf(key) === namespace);
    const dimensionsOf = namespace === null ? targetDimensions : edgeDimensions;
    const queries = keys.flatMap((key) => sourcesOf(key, metric).map((source) => ({ label: metric, ...cloudWatchMetric(key, source), dimensions: dimensionsOf(key) })));
    return [...new Map(queries.map((query) => [JSON.stringify(query), query])).values()];
  };
  const queries = [...queriesFor("requests"), ...queriesFor("connections"), ...queriesFor("failures")];
  const series = await readRawSeries(target, queries, span, period, signal);
  const sum = (parts: readonly Series[]) => dropPartialPeriod(sumSeries(parts, span, period), span, period);
  return {
    requests: sum(series.filter(({ label }) => label !== "failures")),
    failures: sum(series.filter(({ label }) => label === "failures")),
  };
}

/** The queries for the charts of one edge. */
export function edgeChartQueries(key: EdgeKey, tcp: boolean) {
  const dimensions = edgeDimensions(key);
  const isBalanced = key.caller.kind === "loadBalancer";
  const query = (label: string, source: MetricSource): SeriesQuery => ({ label, ...cloudWatchMetric(key, source), dimensions });
  const metric = (name: EdgeMetricName) => sourcesOf(key, name).slice(0, 1).map((source) => query(name, source));
  const awsSum = (label: string, name: string) => query(label, { definedBy: "aws", metric: name, stat: "Sum" });
  const traffic = [...metric(tcp ? "connections" : "requests"), ...(tcp && isBalanced ? [] : metric("failures"))];
  const trouble = isBalanced ? [awsSum("connectionErrors", "TargetConnectionErrorCount")] : [...metric("retries"), ...metric("timeouts"), ...metric("ejected")];
  if (tcp) return { traffic, trouble: isBalanced ? [] : trouble, times: [], codes: [], bytes: [awsSum("bytes", isBalanced ? "ProcessedBytes" : "TargetProcessedBytes")] };
  return {
    traffic,
    trouble,
    times: [...metric("p50"), ...metric("p95"), ...metric("p99")],
    codes: ["2XX", "3XX", "4XX", "5XX"].map((code) => awsSum(code, `HTTPCode_Target_${code}_Count`)),
    bytes: [],
  };
}
