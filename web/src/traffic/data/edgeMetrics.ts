// The metrics of edges in CloudWatch: their names and dimensions, and which edges have them. The edges of App Mesh have the
// names of its metric extension, where that defines one. Those of load balancers have AWS's names.

import type { Dimension, Metric } from "@aws-sdk/client-cloudwatch";
import type { Target } from "../../aws/config.ts";
import { listMetrics } from "../../aws/metrics.ts";
import { type EdgeKey, type EdgeMetricName, edgeId, loadBalancerWorkload, type MetricNamespaces, SERVICE_CONNECT, type WorkloadKind } from "../model/mesh.ts";

export const APP_MESH: MetricNamespaces = { own: "Moyai/AppMesh", aws: "Moyai/AppMesh", prefix: "envoy.appmesh." };

const APPLICATION: MetricNamespaces = { own: "AWS/ApplicationELB", aws: "AWS/ApplicationELB", prefix: "" };
const NETWORK: MetricNamespaces = { own: "AWS/NetworkELB", aws: "AWS/NetworkELB", prefix: "" };

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

const aws = (metric: string, stat: string): MetricSource => ({ definedBy: "aws", metric, stat });

/** The sources for edges of load balancers. A request whose connection to a target failed has no status code of a target. */
const LOAD_BALANCER_SOURCES: Readonly<Partial<Record<EdgeMetricName, readonly MetricSource[]>>> = {
  requests: [aws("RequestCount", "Sum")],
  connections: [aws("NewFlowCount", "Sum")],
  failures: [aws("HTTPCode_Target_5XX_Count", "Sum"), aws("TargetConnectionErrorCount", "Sum")],
  p50: [aws(RESPONSE_TIME, "p50")],
  p95: [aws(RESPONSE_TIME, "p95")],
  p99: [aws(RESPONSE_TIME, "p99")],
};

/** The sources of an edge's metric, whose values are added up. */
export function sourcesOf(key: EdgeKey, metric: EdgeMetricName): readonly MetricSource[] {
  return key.caller.kind === "loadBalancer" ? (LOAD_BALANCER_SOURCES[metric] ?? []) : [METRIC_SOURCES[metric]];
}

/** The factor from the unit of an edge's latencies to milliseconds: load balancers measure in seconds. */
export function latencyUnit(key: EdgeKey): number {
  return key.caller.kind === "loadBalancer" ? 1000 : 1;
}

/** CloudWatch's namespace, metric name and statistic of a source, for one edge. */
export function cloudWatchMetric({ metricNamespaces }: EdgeKey, { definedBy, metric, stat }: MetricSource) {
  return { namespace: metricNamespaces[definedBy], metric: definedBy === "aws" ? `${metricNamespaces.prefix}${metric}` : metric, stat };
}

export function edgeDimensions({ caller, target, node }: EdgeKey): Dimension[] {
  if (caller.kind === "loadBalancer") {
    const balancer = { Name: "LoadBalancer", Value: caller.service };
    return target === caller.service ? [balancer] : [{ Name: "TargetGroup", Value: target }, balancer];
  }
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

/** The edges that have each metric. An edge has a metric once it has counted something. */
export type EdgesByMetric = ReadonlyMap<EdgeMetricName, readonly EdgeKey[]>;

export async function listEdges(target: Target, signal: AbortSignal): Promise<EdgesByMetric> {
  const metrics: Metric[] = [];
  for (const { own } of [SERVICE_CONNECT, APP_MESH]) metrics.push(...(await listMetrics(target, { Namespace: own }, signal)));
  const responseTime = { MetricName: `${APP_MESH.prefix}${RESPONSE_TIME}` }; // in the namespace that a tag of the mesh chooses
  if (metrics.some((metric) => edgeKeyOf(metric)?.node)) metrics.push(...(await listMetrics(target, responseTime, signal)));
  const [requests, flows] = await Promise.all([
    listMetrics(target, { Namespace: APPLICATION.aws, MetricName: "RequestCount", Dimensions: [{ Name: "LoadBalancer" }, { Name: "TargetGroup" }] }, signal),
    listMetrics(target, { Namespace: NETWORK.aws, MetricName: "NewFlowCount", Dimensions: [{ Name: "LoadBalancer" }] }, signal),
  ]);
  return edgesByMetric([...metrics, ...requests, ...flows]);
}

export function edgesByMetric(metrics: readonly Metric[]): EdgesByMetric {
  const byMetric = new Map<string, EdgeKey[]>();
  const ownNamespaces = new Map<string, string>();
  const loadBalancerEdges = new Map<EdgeMetricName, EdgeKey[]>();
  for (const metric of metrics) {
    const loadBalancerKey = loadBalancerKeyOf(metric);
    if (loadBalancerKey) for (const name of METRICS_LISTED_WITH[metric.MetricName ?? ""] ?? []) loadBalancerEdges.set(name, [...(loadBalancerEdges.get(name) ?? []), loadBalancerKey]);
    const key = edgeKeyOf(metric);
    const [namespace, name] = [metric.Namespace ?? "", metric.MetricName ?? ""];
    if (!key) continue;
    const hasOwnNamespace = key.node && name === `${APP_MESH.prefix}${RESPONSE_TIME}` && namespace !== APP_MESH.own;
    if (hasOwnNamespace) ownNamespaces.set(edgeId(key), namespace); // the values in the default namespace are older
    else byMetric.set(name, [...(byMetric.get(name) ?? []), key]);
  }
  const withNamespace = (key: EdgeKey): EdgeKey => {
    const aws = ownNamespaces.get(edgeId(key));
    return aws === undefined ? key : { ...key, metricNamespaces: { ...key.metricNamespaces, aws } };
  };
  const edges = new Map<EdgeMetricName, readonly EdgeKey[]>();
  for (const name of Object.keys(METRIC_SOURCES) as EdgeMetricName[]) {
    const { definedBy, metric } = METRIC_SOURCES[name];
    const listedAs = definedBy === "own" ? metric : METRIC_SOURCES.requests.metric; // every request has a response time
    edges.set(name, [...(byMetric.get(listedAs) ?? []).map(withNamespace), ...(loadBalancerEdges.get(name) ?? [])]);
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

/** The metrics of an edge of a load balancer, by the metric that ListMetrics is asked for. */
const METRICS_LISTED_WITH: Readonly<Record<string, readonly EdgeMetricName[]>> = { RequestCount: ["requests", "failures", "p50", "p95", "p99"], NewFlowCount: ["connections"] };

/** The edge of a load balancer that a metric belongs to; null for any other metric, such as that of one zone. */
function loadBalancerKeyOf(metric: Metric): EdgeKey | null {
  const { LoadBalancer: balancer, TargetGroup: group, ...rest } = Object.fromEntries((metric.Dimensions ?? []).map(({ Name, Value }) => [Name ?? "", Value ?? ""]));
  if (!balancer || Object.keys(rest).length > 0) return null;
  const caller = loadBalancerWorkload(balancer);
  if (metric.Namespace === APPLICATION.aws && group) return { caller, target: group, metricNamespaces: APPLICATION };
  return metric.Namespace === NETWORK.aws && !group ? { caller, target: balancer, metricNamespaces: NETWORK } : null;
}
