// The requests and connections that the proxies of services received, by discovery name. The part of them that no caller
// reports is traffic from outside.

import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { Target } from "../../aws/config.ts";
import { MAX_QUERIES, readMetricData, type TimeSpan } from "../../aws/metrics.ts";
import { type Member, SERVICE_CONNECT } from "../model/mesh.ts";
import type { Inbound } from "../model/outside.ts";
import { wholePeriod } from "../model/timeRange.ts";

const METRICS = ["RequestCount", "NewConnectionCount"] as const;
const BATCH = Math.floor(MAX_QUERIES / METRICS.length);

interface Offer {
  readonly namespace: string;
  readonly name: string;
  readonly cluster: string;
  readonly service: string;
}

/** The requests and connections in a span, for each discovery name that was called. */
export async function readInbound(target: Target, members: readonly Member[], span: TimeSpan, signal: AbortSignal): Promise<Inbound[]> {
  const offers = offersOf(members);
  const period = wholePeriod(span);
  const totals = new Map<string, Inbound>();
  for (let first = 0; first < offers.length; first += BATCH) {
    const batch = offers.slice(first, first + BATCH);
    const queries = batch.flatMap((offer, index) => METRICS.map((metric, metricIndex) => countQuery(offer, metric, `q${index * METRICS.length + metricIndex}`, period)));
    for (const { Id, Values } of await readMetricData(target, queries, { start: span.start, end: span.start + period }, signal)) {
      const [position, count] = [Number(Id?.slice(1)), Values?.[0]];
      const offer = batch[Math.floor(position / METRICS.length)];
      if (!offer || count === undefined) continue;
      const key = nameKey(offer);
      const total = totals.get(key) ?? { namespace: offer.namespace, name: offer.name, requests: 0, connections: 0, failures: null };
      totals.set(key, position % METRICS.length === 0 ? { ...total, requests: total.requests + count } : { ...total, connections: total.connections + count });
    }
  }
  return [...totals.values()];
}

/** The traffic of each name with the failures that the proxies of the tasks behind the name counted. */
export async function readFailures(target: Target, members: readonly Member[], inbound: readonly Inbound[], span: TimeSpan, signal: AbortSignal): Promise<Inbound[]> {
  const period = wholePeriod(span);
  const called = new Set(inbound.map(nameKey));
  const offers = offersOf(members).filter((offer) => called.has(nameKey(offer))).slice(0, MAX_QUERIES);
  const queries = offers.map((offer, index): MetricDataQuery => ({ Id: `f${index}`, Expression: failuresOf(offer, period) }));
  const failures = new Map(offers.map((offer) => [nameKey(offer), 0]));
  for (const { Id, Values } of queries.length === 0 ? [] : await readMetricData(target, queries, { start: span.start, end: span.start + period }, signal)) {
    const offer = offers[Number(Id?.slice(1))];
    if (offer) failures.set(nameKey(offer), (failures.get(nameKey(offer)) ?? 0) + (Values?.[0] ?? 0));
  }
  return inbound.map((traffic) => ({ ...traffic, failures: failures.get(nameKey(traffic)) ?? null }));
}

function offersOf(members: readonly Member[]): Offer[] {
  return members
    .filter(({ workload }) => workload.kind === "service")
    .flatMap(({ workload: { cluster, service }, namespace, discoveryNames }) => discoveryNames.map((name) => ({ namespace, name, cluster, service })));
}

function nameKey({ namespace, name }: Pick<Offer, "namespace" | "name">): string {
  return `${namespace} ${name}`;
}

function failuresOf({ name, cluster, service }: Offer, period: number): string {
  const dimensions = `ClusterName="${cluster}" DiscoveryName="${name}" ServiceName="${service}"`;
  const search = `{${SERVICE_CONNECT.own},ClusterName,DiscoveryName,ServiceName,TaskId} MetricName="TaskFailureCount" ${dimensions}`;
  return `SUM(SEARCH('${search}', 'Sum', ${period}))`;
}

function countQuery({ name, cluster, service }: Offer, metric: string, Id: string, period: number): MetricDataQuery {
  const dimensions = [{ Name: "DiscoveryName", Value: name }, { Name: "ServiceName", Value: service }, { Name: "ClusterName", Value: cluster }];
  return { Id, MetricStat: { Metric: { Namespace: SERVICE_CONNECT.aws, MetricName: metric, Dimensions: dimensions }, Period: period, Stat: "Sum" } };
}
