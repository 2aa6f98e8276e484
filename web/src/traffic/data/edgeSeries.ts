// Metrics of edges over time: the timeline of all edges, and the charts of one.

import type { Target } from "../../aws/config.ts";
import type { TimeSpan } from "../../aws/metrics.ts";
import { type DataPoint, dropPartialPeriod, readRawSeries, type Series, type SeriesQuery, sumSeries } from "../../aws/series.ts";
import { enteringEdges, MemberIndex } from "../model/buildMesh.ts";
import { type Edge, edgeId, type EdgeKey, type EdgeMetricName, type Member, SERVICE_CONNECT } from "../model/mesh.ts";
import { cloudWatchMetric, edgeDimensions, listEdges, type MetricSource, sourcesOf } from "./edgeMetrics.ts";

/** The requests that enter the mesh, and their failures. `namespace`: only the edges of this namespace or mesh; null for all. */
export async function readTotals(
  target: Target,
  { namespace, members, span, period }: { namespace: string | null; members: readonly Member[]; span: TimeSpan; period: number },
  outside: readonly Edge[],
  signal: AbortSignal,
): Promise<{ requests: readonly DataPoint[]; failures: readonly DataPoint[] }> {
  const edges = await listEdges(target, signal);
  const index = new MemberIndex(members);
  const keys = [...(edges.get("requests") ?? []), ...(edges.get("connections") ?? [])].filter((key) => namespace === null || index.namespaceOf(key) === namespace);
  const ends = [...keys.map((key) => ({ id: edgeId(key), caller: key.caller, targets: index.targetsOf(key) })), ...outside];
  const entering = new Set(enteringEdges(ends).map(({ id }) => id));
  const queriesFor = (metric: EdgeMetricName): SeriesQuery[] => {
    const enteringKeys = (edges.get(metric) ?? []).filter((key) => (namespace === null || index.namespaceOf(key) === namespace) && entering.has(edgeId(key)));
    return enteringKeys.flatMap((key) => sourcesOf(key, metric).map((source) => ({ label: metric, ...cloudWatchMetric(key, source), dimensions: edgeDimensions(key) })));
  };
  const outsideRequests = outside.flatMap((edge) => outsideQueries(edge, edge.protocol === "tcp" ? "connections" : "requests").slice(0, 1));
  const queries = [...queriesFor("requests"), ...queriesFor("connections"), ...queriesFor("failures"), ...outsideRequests];
  const series = await readRawSeries(target, queries, span, period, signal);
  const sum = (parts: readonly Series[]) => dropPartialPeriod(sumSeries(parts, span, period), span, period);
  return {
    requests: sum(series.filter(({ label }) => label !== "failures")),
    failures: sum(series.filter(({ label }) => label === "failures")),
  };
}

/** A query for each target of an edge from outside: what the service received under the edge's name, from all callers. */
function outsideQueries({ target, targets }: Pick<Edge, "target" | "targets">, kind: "requests" | "connections" | "bytes"): SeriesQuery[] {
  const metric = { requests: "RequestCount", connections: "NewConnectionCount", bytes: "ProcessedBytes" }[kind];
  return targets.map(({ cluster, service }) => {
    const dimensions = [{ Name: "DiscoveryName", Value: target }, { Name: "ServiceName", Value: service }, { Name: "ClusterName", Value: cluster }];
    return { label: kind, namespace: SERVICE_CONNECT.aws, metric, stat: "Sum", dimensions };
  });
}

/** The queries for the charts of one edge. For callers outside, these are what the called service received from all callers. */
export function edgeChartQueries(key: EdgeKey & Partial<Pick<Edge, "targets">>, tcp: boolean) {
  if (key.caller.kind === "outside") {
    const ends = { target: key.target, targets: (key.targets ?? []).slice(0, 1) };
    return { traffic: outsideQueries(ends, tcp ? "connections" : "requests"), trouble: [], times: [], codes: [], bytes: outsideQueries(ends, "bytes") };
  }
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
