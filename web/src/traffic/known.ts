// Which edges CloudWatch has figures of, and what it calls them: those of Service Connect, and those of App Mesh, whose
// names are the metric extension's where that had any.

import { type CloudWatchClient, ListMetricsCommand, type ListMetricsCommandInput } from "@aws-sdk/client-cloudwatch";
import { type EdgeKey, edgeId, type FigureName, type Naming, type Party } from "./values.ts";

export const SERVICE_CONNECT: Naming = { own: "Moyai/ServiceConnect", aws: "AWS/ECS", prefix: "" };
export const APP_MESH: Naming = { own: "Moyai/AppMesh", aws: "Moyai/AppMesh", prefix: "envoy.appmesh." };

/** A statistic of a metric, `by` whom it is named. */
export interface Source {
  readonly by: "own" | "aws";
  readonly metric: string;
  readonly stat: string;
}

const TIME = "TargetResponseTime";

/** Where each figure comes from. */
export const SOURCES: Readonly<Record<FigureName, Source>> = {
  requests: { by: "own", metric: "TargetRequestCount", stat: "Sum" },
  connections: { by: "own", metric: "TargetConnectionCount", stat: "Sum" },
  failures: { by: "own", metric: "RequestFailureCount", stat: "Sum" },
  retries: { by: "own", metric: "RetryCount", stat: "Sum" },
  timeouts: { by: "own", metric: "RequestTimeoutCount", stat: "Sum" },
  ejected: { by: "own", metric: "EjectedTargetCount", stat: "Maximum" },
  p50: { by: "aws", metric: TIME, stat: "p50" },
  p95: { by: "aws", metric: TIME, stat: "p95" },
  p99: { by: "aws", metric: TIME, stat: "p99" },
};

/** The same of one edge, as CloudWatch takes it. */
export function sourceOf({ naming }: EdgeKey, { by, metric, stat }: Source) {
  return { namespace: naming[by], metric: by === "aws" ? `${naming.prefix}${metric}` : metric, stat };
}

export function dimensionsOf({ caller, target, node }: EdgeKey): { Name: string; Value: string }[] {
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

/** Those of the sum over all callers, where CloudWatch has one: of Service Connect, by the discovery name alone. */
export function dimensionsOfAll(key: EdgeKey): { Name: string; Value: string }[] {
  return key.node ? dimensionsOf(key) : [{ Name: "TargetDiscoveryName", Value: key.target }];
}

/** Which edges each figure is known of. */
export type Known = ReadonlyMap<FigureName, readonly EdgeKey[]>;

export interface Listed {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** What there is to ask for: an edge has a metric only if there was ever something to count. */
export async function listKnown(client: CloudWatchClient, abortSignal: AbortSignal): Promise<Known> {
  const listed: Listed[] = [];
  for (const { own } of [SERVICE_CONNECT, APP_MESH]) listed.push(...(await listMetrics(client, { Namespace: own }, abortSignal)));
  const timed = { MetricName: `${APP_MESH.prefix}${TIME}` }; // in whichever namespace the mesh's tag has put it
  if (listed.some((one) => keyOf(one)?.node)) listed.push(...(await listMetrics(client, timed, abortSignal)));
  return knownOf(listed);
}

async function listMetrics(client: CloudWatchClient, of: ListMetricsCommandInput, abortSignal: AbortSignal): Promise<Listed[]> {
  const listed: Listed[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(new ListMetricsCommand({ ...of, NextToken: token }), { abortSignal });
    for (const metric of page.Metrics ?? []) {
      const dimensions = Object.fromEntries((metric.Dimensions ?? []).map((d) => [d.Name ?? "", d.Value ?? ""]));
      listed.push({ namespace: metric.Namespace ?? "", name: metric.MetricName ?? "", dimensions });
    }
    token = page.NextToken;
  } while (token !== undefined);
  return listed;
}

export function knownOf(listed: readonly Listed[]): Known {
  const byMetric = new Map<string, EdgeKey[]>();
  const moved = new Map<string, string>();
  for (const one of listed) {
    const key = keyOf(one);
    if (!key) continue;
    const isMoved = key.node && one.name === `${APP_MESH.prefix}${TIME}` && one.namespace !== APP_MESH.own;
    if (isMoved) moved.set(edgeId(key), one.namespace); // what is in the old place ends there
    else byMetric.set(one.name, [...(byMetric.get(one.name) ?? []), key]);
  }
  const placed = (key: EdgeKey): EdgeKey => {
    const aws = moved.get(edgeId(key));
    return aws === undefined ? key : { ...key, naming: { ...key.naming, aws } };
  };
  const known = new Map<FigureName, readonly EdgeKey[]>();
  for (const figure of Object.keys(SOURCES) as FigureName[]) {
    const { by, metric } = SOURCES[figure];
    const listedAs = by === "own" ? metric : SOURCES.requests.metric; // whatever is requested is timed
    known.set(figure, (byMetric.get(listedAs) ?? []).map(placed));
  }
  return known;
}

/** The edge that a metric is of; null when it is one of something else. */
function keyOf({ dimensions }: Listed): EdgeKey | null {
  const { ClusterName: cluster, ServiceName: service, TargetDiscoveryName: target, ...rest } = dimensions;
  if (cluster && service && target && Object.keys(rest).length === 0) {
    return { caller: { kind: "service", cluster, service }, target, naming: SERVICE_CONNECT };
  }
  const { Mesh: mesh, VirtualNode, VirtualGateway, TargetVirtualService, TargetVirtualNode } = dimensions;
  const caller = VirtualGateway ?? VirtualNode;
  if (!mesh || !caller || !TargetVirtualService || !TargetVirtualNode) return null;
  const party = (kind: Party["kind"], name: string): Party => ({ kind, cluster: mesh, service: name });
  return {
    caller: party(VirtualGateway === undefined ? "virtualNode" : "virtualGateway", caller),
    target: TargetVirtualService,
    node: party("virtualNode", TargetVirtualNode),
    naming: APP_MESH,
  };
}
