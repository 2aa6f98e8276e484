// The mesh as the traffic pages show it: workloads, and the edges between them with their metrics.

import type { TimeSpan } from "../../aws/metrics.ts";

/** The resource types that call and are called; `outside` stands for all callers of a namespace that no proxy reports. */
export type WorkloadKind = "service" | "virtualNode" | "virtualGateway" | "loadBalancer" | "outside";

/**
 * An ECS service of a cluster, or a virtual node or virtual gateway, for which `cluster` is the mesh. For a load balancer, `service`
 * is the value of its dimension in metrics (`app/web/0123456789abcdef`), and `cluster` is `elb`. For callers outside, `cluster` is
 * the namespace.
 */
export interface Workload {
  readonly kind: WorkloadKind;
  readonly cluster: string;
  readonly service: string;
}

/** A workload that belongs to a namespace or a mesh. */
export interface Member {
  readonly workload: Workload;
  /** The name of the namespace, or `mesh/` and the name of the mesh; NO_NAMESPACE or LOAD_BALANCERS for other members. */
  readonly namespace: string;
  readonly discoveryNames: readonly string[];
  /** The target groups of a service or a load balancer, as values of their dimension in metrics. */
  readonly targetGroups?: readonly string[];
  readonly deploying: boolean;
  readonly running: number;
  readonly desired: number;
  /** The tasks that fail their health checks. */
  readonly unhealthy?: number;
  /** The subnets of its tasks; empty unless the network mode is awsvpc. */
  readonly subnets: readonly string[];
  /** The log group of its proxies' access log. */
  readonly accessLog?: string;
}

/** CloudWatch namespaces of an edge's metrics: moyai's own metrics, and those that AWS defines, whose names start with `prefix`. */
export interface MetricNamespaces {
  readonly own: string;
  readonly aws: string;
  readonly prefix: string;
}

export const SERVICE_CONNECT: MetricNamespaces = { own: "Moyai/ServiceConnect", aws: "AWS/ECS", prefix: "" };

/** Identifies an edge: the calls of one workload to one name, as the dimensions of metrics tell them apart. */
export interface EdgeKey {
  readonly caller: Workload;
  /**
   * A discovery name or a virtual service. For an Application Load Balancer, the dimension of the target group; for a Network Load
   * Balancer, the dimension of the load balancer, because its flows are not counted by target group.
   */
  readonly target: string;
  /** In a mesh: the virtual node that answered. */
  readonly node?: Workload;
  readonly metricNamespaces: MetricNamespaces;
}

export type EdgeMetricName =
  | "requests"
  | "connections"
  | "failures"
  | "retries"
  | "timeouts"
  | "ejected"
  | "p50"
  | "p95"
  | "p99";

/** The metrics of an edge over a whole time span. A metric without a value is absent. */
export type EdgeMetrics = Readonly<Partial<Record<EdgeMetricName, number>>> & { readonly key: EdgeKey };

export interface Edge extends EdgeKey {
  readonly id: string;
  /** The namespace of the caller; null when the caller is deleted. */
  readonly namespace: string | null;
  /** The workloads that offer the name. */
  readonly targets: readonly Workload[];
  readonly protocol: "http" | "tcp";
  /** Connections where the protocol is tcp. */
  readonly requests: number;
  readonly failures: number;
  readonly retries: number;
  readonly timeouts: number;
  /** Requests per second. */
  readonly rate: number;
  /** From 0 to 1; null without requests. */
  readonly success: number | null;
  /** Milliseconds of each attempt; null without a measurement. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** The largest number of hosts that outlier detection ejected at the same time. */
  readonly ejected: number;
  /** The workloads of the edge that have a deployment in progress. */
  readonly deploying: readonly Workload[];
}

export interface Mesh {
  readonly span: TimeSpan;
  readonly edges: readonly Edge[];
  readonly members: readonly Member[];
}

/** A unique id; a workload of a mesh has the id that its App Mesh ARN ends with. */
export function workloadId(workload: Workload): string {
  if (workload.kind === "outside") return `${OUTSIDE}/${workload.cluster}`;
  if (workload.kind === "service" || workload.kind === "loadBalancer") return `${workload.cluster}/${workload.service}`;
  return `${meshId(workload.cluster)}/${workload.kind}/${workload.service}`;
}

const LOAD_BALANCERS = "elb";
const OUTSIDE = "outside";

/** The callers of a namespace that no proxy reports: at public addresses, and tasks without Service Connect. */
export function outsideWorkload(namespace: string): Workload {
  return { kind: "outside", cluster: namespace, service: "" };
}

/** A load balancer, given the value of its dimension. */
export function loadBalancerWorkload(dimension: string): Workload {
  return { kind: "loadBalancer", cluster: LOAD_BALANCERS, service: dimension };
}

/** The name in the dimension of a load balancer or a target group. */
function dimensionName(dimension: string): string {
  return dimension.split("/").at(-2) ?? dimension;
}

/** The name to display, which a virtual node and a virtual gateway may share. */
export function workloadName(workload: Workload): string {
  return workload.kind === "loadBalancer" ? dimensionName(workload.service) : `${workload.cluster}/${workload.service}`;
}

/** The id of a mesh where a namespace's name is possible as well. */
export function meshId(mesh: string): string {
  return `mesh/${mesh}`;
}

export function isMesh(namespace: string | null): boolean {
  return namespace?.startsWith(meshId("")) ?? false;
}

export function edgeId(key: EdgeKey): string {
  const id = `${workloadId(key.caller)}>${key.target}`;
  return key.node ? `${id}>${key.node.service}` : id;
}

/** The called name; in a mesh, the virtual service and the virtual node that answered. */
export function targetName(key: EdgeKey): string {
  if (key.caller.kind === "loadBalancer") return dimensionName(key.target);
  return key.node ? `${key.target} → ${key.node.service}` : key.target;
}

/** From 0 to 1; null without requests. */
export function successRate(requests: number, failures: number): number | null {
  return requests > 0 ? Math.max(1 - failures / requests, 0) : null;
}

export type Tone = "good" | "fair" | "bad" | "none";

const GOOD = 0.999;
const FAIR = 0.99;

/** The rating of a success rate. */
export function toneOf(success: number | null): Tone {
  if (success === null) return "none";
  if (success >= GOOD) return "good";
  return success >= FAIR ? "fair" : "bad";
}
