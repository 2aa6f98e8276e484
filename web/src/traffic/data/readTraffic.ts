// Reads the metrics of all edges in two steps: first the counts, which are enough to draw the map, then all others.

import type { MetricDataResult } from "@aws-sdk/client-cloudwatch";
import type { Target } from "../../aws/config.ts";
import { MAX_QUERIES, readMetricData, type TimeSpan } from "../../aws/metrics.ts";
import { MemberIndex } from "../model/buildMesh.ts";
import { type EdgeKey, edgeId, type EdgeMetricName, type EdgeMetrics, type Member } from "../model/mesh.ts";
import { resolveTimeRange, type TimeRange, wholePeriod } from "../model/timeRange.ts";
import { cloudWatchMetric, edgeDimensions, type EdgesByMetric, latencyUnit, listEdges, type MetricSource, sourcesOf } from "./edgeMetrics.ts";

/** The edges to read: those of a namespace or a mesh, or (null) all. */
export interface TrafficFilter {
  readonly range: TimeRange;
  readonly namespace: string | null;
  readonly members: readonly Member[];
}

/** Metrics by edge id. */
export interface TrafficMetrics {
  readonly span: TimeSpan;
  readonly edges: ReadonlyMap<string, EdgeMetrics>;
}

interface EdgeMetricQuery {
  readonly key: EdgeKey;
  readonly metric: EdgeMetricName;
  readonly source: MetricSource;
}

const COUNTS: ReadonlySet<EdgeMetricName> = new Set<EdgeMetricName>(["requests", "connections", "failures"]);
const LIST_TTL = 15_000; // ms; the longest time until a new edge is shown
const CONCURRENT_REQUESTS = 2;

/** Requests and failures of every edge that has any. */
export async function readCounts(target: Target, filter: TrafficFilter, signal: AbortSignal): Promise<TrafficMetrics> {
  const edges = await listEdgesCached(target, signal);
  const span = resolveTimeRange(filter.range, Date.now() / 1000);
  const queries = queriesFor(edges, filter).filter((query) => COUNTS.has(query.metric));
  return { span, edges: await readEdgeMetrics(target, queries, span, signal) };
}

/** Latencies, retries, timeouts and ejections of the edges that have traffic. */
export async function readDetails(target: Target, filter: TrafficFilter, counts: TrafficMetrics, signal: AbortSignal): Promise<TrafficMetrics> {
  const edges = await listEdgesCached(target, signal);
  const queries = queriesFor(edges, filter).filter((query) => !COUNTS.has(query.metric) && counts.edges.has(edgeId(query.key)));
  return { span: counts.span, edges: await readEdgeMetrics(target, queries, counts.span, signal) };
}

export function mergeMetrics(counts: TrafficMetrics, details: TrafficMetrics | undefined): Map<string, EdgeMetrics> {
  return new Map([...counts.edges].map(([id, metrics]) => [id, { ...details?.edges.get(id), ...metrics }]));
}

function queriesFor(edges: EdgesByMetric, { namespace, members }: TrafficFilter): EdgeMetricQuery[] {
  const index = new MemberIndex(members);
  const queries: EdgeMetricQuery[] = [];
  for (const [metric, keys] of edges) {
    for (const key of keys) {
      if (namespace !== null && index.namespaceOf(key) !== namespace) continue;
      for (const source of sourcesOf(key, metric)) queries.push({ key, metric, source });
    }
  }
  return queries;
}

const cachedLists = new WeakMap<Target, { readonly time: number; readonly edges: EdgesByMetric }>();

/** The list is long and rarely changes, so it is cached for a while. */
async function listEdgesCached(target: Target, signal: AbortSignal): Promise<EdgesByMetric> {
  const cached = cachedLists.get(target);
  if (cached && Date.now() - cached.time < LIST_TTL) return cached.edges;
  const time = Date.now();
  const edges = await listEdges(target, signal);
  cachedLists.set(target, { time, edges });
  return edges;
}

async function readEdgeMetrics(target: Target, queries: readonly EdgeMetricQuery[], span: TimeSpan, signal: AbortSignal): Promise<Map<string, EdgeMetrics>> {
  const period = wholePeriod(span);
  const batches: (readonly EdgeMetricQuery[])[] = [];
  for (let first = 0; first < queries.length; first += MAX_QUERIES) batches.push(queries.slice(first, first + MAX_QUERIES));
  const edges = new Map<string, EdgeMetrics>();
  const readBatches = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const metricDataQueries = batch.map(({ key, source }, index) => {
        const { namespace, metric: name, stat } = cloudWatchMetric(key, source);
        return { Id: `q${index}`, MetricStat: { Metric: { Namespace: namespace, MetricName: name, Dimensions: edgeDimensions(key) }, Period: period, Stat: stat } };
      });
      addResults(edges, batch, await readMetricData(target, metricDataQueries, { start: span.start, end: span.start + period }, signal));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, readBatches));
  return edges;
}

/** Adds the results of a batch, whose ids are the indexes of its queries. */
function addResults(edges: Map<string, EdgeMetrics>, batch: readonly EdgeMetricQuery[], results: readonly MetricDataResult[]): void {
  for (const result of results) {
    const query = batch[Number(result.Id?.slice(1))];
    const value = result.Values?.[0];
    if (!query || value === undefined) continue;
    const { key, metric } = query;
    const id = edgeId(key);
    const isLatency = metric === "p50" || metric === "p95" || metric === "p99";
    const total = isLatency ? value * latencyUnit(key) : (edges.get(id)?.[metric] ?? 0) + value;
    edges.set(id, { ...edges.get(id), key, [metric]: total });
  }
}
