// The metrics of edges in CloudWatch: their names and dimensions, and which edges have them. The edges of App Mesh have the
// names of its metric extension, where that defines one.

import type { Dimension, Metric } from "@aws-sdk/client-cloudwatch";
import type { Target } from "../../aws/config.ts";
import { listMetrics } from "../../aws/metrics.ts";
import { type EdgeKey, type EdgeMetricName, edgeId, type MetricNamespaces, type WorkloadKind } from "../model/mesh.ts";

export const SERVICE_CONNECT: MetricNamespaces = { own: "Moyai/ServiceConnect", aws: "AWS/ECS", prefix: "" };
export const APP_MESH: MetricNamespaces = { own: "Moyai/AppMesh", aws: "Moyai/AppMesh", prefix: "envoy.appmesh." };

/** A statistic of a metric that moyai (`own`) or AWS (`aws`) defines. */
export interface MetricSource {
  readonly definedBy: "own" | "aws";
  readonly metric: string;
  readonly stat: string;
}

const RESPONSE_TIME = "TargetResponseTime";

export const METRIC_SOURCES: Readonly<Record<EdgeMetricName, MetricSource>> = {
  requests: { definedBy: "own", metric: "TargetRequestCount", stat: "Sum" },
  connections: { definedBy: "own", metric: "TargetConnectionCount", stat: "Sum" },
  failures: { definedBy: "own", metric: "RequestFailureCount", stat: "Sum" },
  retries: { definedBy: "own", metric: "RetryCount", stat: "Sum" },
  timeouts: { definedBy: "own", metric: "RequestTimeoutCount", stat: "Sum" },
  ejected: { definedBy: "own", metric: "EjectedTargetCount", stat: "Maximum" },
  p50: { definedBy: "aws", metric: RESPONSE_TIME, stat: "p50" },
  p95: { definedBy: "aws", metric: RESPONSE_TIME, stat: "p95" },
  p99: { definedBy: "aws", metric: RESPONSE_TIME, stat: "p99" },
};

/** CloudWatch's namespace, metric name and statistic of a source, for one edge. */
export function cloudWatchMetric({ metricNamespaces }: EdgeKey, { definedBy, metric, stat }: MetricSource) {
  return { namespace: metricNamespaces[definedBy], metric: definedBy === "aws" ? `${metricNamespaces.prefix}${metric}` : metric, stat };
}

export function edgeDimensions({ caller, target, node }: EdgeKey): Dimension[] {
  if (!node) {
    return [
      { Name: "ClusterName", Value: caller.cluster },
      { Name: "ServiceName", Value: caller.service },
      { Name: "TargetDiscoveryName", Value: target },
    ];
  }
  return [
    { Name: "Mesh", Value: caller.cluster },
    { Name: caller.kind === "virtualGateway" ? "VirtualGateway" : "VirtualNode", Value: caller.service },
    { Name: "TargetVirtualService", Value: target },
    { Name: "TargetVirtualNode", Value: node.service },
  ];
}

/** The dimensions of the sum over all callers. Only Service Connect has it; an edge of a mesh has its own dimensions. */
export function targetDimensions(key: EdgeKey): Dimension[] {
  return key.node ? edgeDimensions(key) : [{ Name: "TargetDiscoveryName", Value: key.target }];
}

/** The edges that have each metric. An edge has a metric once there was something to count. */
export type EdgesByMetric = ReadonlyMap<EdgeMetricName, readonly EdgeKey[]>;

export async function listEdges(target: Target, signal: AbortSignal): Promise<EdgesByMetric> {
  const metrics: Metric[] = [];
  for (const { own } of [SERVICE_CONNECT, APP_MESH]) metrics.push(...(await listMetrics(target, { Namespace: own }, signal)));
  const responseTime = { MetricName: `${APP_MESH.prefix}${RESPONSE_TIME}` }; // in the namespace that a tag of the mesh chooses
  if (metrics.some((metric) => edgeKeyOf(metric)?.node)) metrics.push(...(await listMetrics(target, responseTime, signal)));
  return edgesByMetric(metrics);
}

export function edgesByMetric(metrics: readonly Metric[]): EdgesByMetric {
  const byMetric = new Map<string, EdgeKey[]>();
  const ownNamespaces = new Map<string, string>();
  for (const metric of metrics) {
    const key = edgeKeyOf(metric);
    const [namespace, name] = [metric.Namespace ?? "", metric.MetricName ?? ""];
    if (!key) continue;
    const hasOwnNamespace = key.node && name === `${APP_MESH.prefix}${RESPONSE_TIME}` && namespace !== APP_MESH.own;
    if (hasOwnNamespace) ownNamespaces.set(edgeId(key), namespace); // the default namespace has older values only
    else byMetric.set(name, [...(byMetric.get(name) ?? []), key]);
  }
  const withNamespace = (key: EdgeKey): EdgeKey => {
    const aws = ownNamespaces.get(edgeId(key));
    return aws === undefined ? key : { ...key, metricNamespaces: { ...key.metricNamespaces, aws } };
  };
  const edges = new Map<EdgeMetricName, readonly EdgeKey[]>();
  for (const name of Object.keys(METRIC_SOURCES) as EdgeMetricName[]) {
    const { definedBy, metric } = METRIC_SOURCES[name];
    const listedAs = definedBy === "own" ? metric : METRIC_SOURCES.requests.metric; // every request is timed
    edges.set(name, (byMetric.get(listedAs) ?? []).map(withNamespace));
  }
  return edges;
}

/** The edge that a metric belongs to, by its dimensions; null for any other metric. */
function edgeKeyOf(metric: Metric): EdgeKey | null {
  const dimensions = Object.fromEntries((metric.Dimensions ?? []).map(({ Name, Value }) => [Name ?? "", Value ?? ""]));
  const { ClusterName: cluster, ServiceName: service, TargetDiscoveryName: target, ...rest } = dimensions;
  if (cluster && service && target && Object.keys(rest).length === 0) {
    return { caller: { kind: "service", cluster, service }, target, metricNamespaces: SERVICE_CONNECT };
  }
  const { Mesh: mesh, VirtualNode, VirtualGateway, TargetVirtualService, TargetVirtualNode } = dimensions;
  const caller = VirtualGateway ?? VirtualNode;
  if (!mesh || !caller || !TargetVirtualService || !TargetVirtualNode) return null;
  const workload = (kind: WorkloadKind, name: string) => ({ kind, cluster: mesh, service: name });
  return {
    caller: workload(VirtualGateway === undefined ? "virtualNode" : "virtualGateway", caller),
    target: TargetVirtualService,
    node: workload("virtualNode", TargetVirtualNode),
    metricNamespaces: APP_MESH,
  };
}
