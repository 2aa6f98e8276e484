// The mesh as a graph of boxes and lines. A box is a service, or a cluster with its services of one namespace, or a virtual
// node, virtual gateway or load balancer, which belongs to no cluster. Callers outside, a deleted caller and a name that no known
// workload offers get boxes, too. All edges between two boxes are one line.

import { type Edge, type Member, type Mesh, successRate, targetName, type Tone, toneOf, type Workload, workloadId, type WorkloadKind, workloadName } from "./mesh.ts";

export type Grouping = "service" | "cluster";

export interface GraphBox {
  readonly id: string;
  /** The namespace or mesh whose frame the box is in, NO_NAMESPACE or LOAD_BALANCERS. */
  readonly namespace: string;
  readonly title: string;
  readonly subtitle: string;
  readonly kind: WorkloadKind | "cluster" | "unknown";
  readonly deploying: boolean;
  /** Running and desired tasks; empty if they are unknown. */
  readonly tasks: string;
  /** Whether fewer tasks run than are desired, or some are unhealthy. */
  readonly isImpaired: boolean;
  readonly unhealthy: number;
  /** Requests per second that it receives, or that callers outside and load balancers send; null without any. */
  readonly rate: number | null;
  readonly success: number | null;
  readonly tone: Tone;
}

export interface GraphLine {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** The edges that the line stands for: several where boxes are clusters, or a caller uses several names or target groups of one target. */
  readonly edges: readonly Edge[];
  readonly rate: number;
  readonly success: number | null;
  readonly tone: Tone;
  readonly tcp: boolean;
  /** Milliseconds; the maximum of several edges. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly ejected: number;
  readonly deploying: boolean;
}

export interface Graph {
  readonly boxes: readonly GraphBox[];
  readonly lines: readonly GraphLine[];
}

/** The name of the VPC of each subnet. */
export type VpcNames = ReadonlyMap<string, string>;

export const NO_NAMESPACE = "";
/** The frame of load balancers that reach services in several frames. A namespace can't have this name. */
export const LOAD_BALANCERS = "elb/";

/** A box before its lines are known. */
type PlainBox = Omit<GraphBox, "rate" | "success" | "tone">;

export function buildGraph(mesh: Mesh, grouping: Grouping, vpcs: VpcNames = new Map()): Graph {
  const boxes = new Map<string, PlainBox>();
  const addBox = (box: PlainBox) => {
    const existing = boxes.get(box.id);
    boxes.set(box.id, existing ? { ...box, deploying: box.deploying || existing.deploying } : box);
    return box.id;
  };
  const shownVpcs = usesSeveralVpcs(mesh.members, vpcs) ? vpcs : new Map<string, string>();
  const byWorkload = new Map(mesh.members.map((member) => [workloadId(member.workload), member]));
  for (const member of mesh.members) addBox(memberBox(member, grouping, shownVpcs));
  const byEnds = new Map<string, { from: string; to: string; edges: Edge[]; id: string }>();
  for (const edge of mesh.edges) {
    const caller = byWorkload.get(workloadId(edge.caller));
    const from = addBox(caller ? memberBox(caller, grouping, shownVpcs) : unlistedCallerBox(edge, grouping));
    const targets = edge.targets.map((workload) => byWorkload.get(workloadId(workload))).filter((member) => member !== undefined);
    const ends = targets.length > 0 ? targets.map((member) => addBox(memberBox(member, grouping, shownVpcs))) : [addBox(unknownTargetBox(edge))];
    for (const to of new Set(ends)) {
      const merged = `${from}>${to}`;
      const line = byEnds.get(merged);
      const singleEdgeId = grouping === "service" ? edge.id + (ends.length > 1 ? `>${to}` : "") : merged;
      byEnds.set(merged, line ? { ...line, edges: [...line.edges, edge], id: merged } : { from, to, edges: [edge], id: singleEdgeId });
    }
  }
  const lines = [...byEnds.values()].map((line) => buildLine(line.id, line));
  return { boxes: [...boxes.values()].map((box) => ({ ...box, ...boxTraffic(box, lines) })), lines };
}

/** The traffic that a box receives; for a box that only sends, the traffic that it sends. */
function boxTraffic({ id, kind }: PlainBox, lines: readonly GraphLine[]): Pick<GraphBox, "rate" | "success" | "tone"> {
  const isSource = kind === "outside" || kind === "loadBalancer";
  const boxLines = lines.filter((line) => (isSource ? line.from === id : line.to === id));
  if (boxLines.length === 0) return { rate: null, success: null, tone: "none" };
  const measured = boxLines.flatMap(({ edges }) => edges).filter((edge) => edge.success !== null);
  const sum = (metric: "requests" | "failures") => measured.reduce((total, edge) => total + edge[metric], 0);
  const success = successRate(sum("requests"), sum("failures"));
  return { rate: boxLines.reduce((total, line) => total + line.rate, 0), success, tone: toneOf(success) };
}

function usesSeveralVpcs(members: readonly Member[], vpcs: VpcNames): boolean {
  const used = new Set(members.flatMap((member) => member.subnets.map((subnet) => vpcs.get(subnet))));
  used.delete(undefined);
  return used.size > 1;
}

function memberBox(member: Member, grouping: Grouping, vpcs: VpcNames): PlainBox {
  const { kind, cluster, service } = member.workload;
  if (grouping === "cluster" && kind === "service") return clusterBox(cluster, member.namespace, member.deploying);
  const vpc = vpcs.get(member.subnets[0] ?? "");
  return {
    id: workloadId(member.workload),
    namespace: member.namespace,
    title: kind === "loadBalancer" ? workloadName(member.workload) : service,
    subtitle: kind === "loadBalancer" ? "" : vpc === undefined ? cluster : `${cluster} · ${vpc}`,
    kind,
    deploying: member.deploying,
    tasks: kind === "service" ? `${member.running}/${member.desired}` : "",
    isImpaired: member.running < member.desired || (member.unhealthy ?? 0) > 0,
    unhealthy: member.unhealthy ?? 0,
  };
}

const NO_TASKS = { tasks: "", isImpaired: false, unhealthy: 0 };

function clusterBox(cluster: string, namespace: string, deploying: boolean): PlainBox {
  return { id: `${namespace}|${cluster}`, namespace, title: cluster, subtitle: "", kind: "cluster", deploying, ...NO_TASKS };
}

/** The box of a caller that is no member: callers outside, and a deleted one. */
function unlistedCallerBox({ caller, namespace }: Edge, grouping: Grouping): PlainBox {
  if (caller.kind === "outside") return { id: workloadId(caller), namespace: caller.cluster, title: "", subtitle: "", kind: "outside", deploying: false, ...NO_TASKS };
  if (grouping === "cluster" && caller.kind === "service") return clusterBox(caller.cluster, namespace ?? NO_NAMESPACE, false);
  return unknownWorkloadBox(caller, namespace ?? NO_NAMESPACE);
}

function unknownWorkloadBox(workload: Workload, namespace: string): PlainBox {
  const { kind, cluster, service } = workload;
  return { id: workloadId(workload), namespace, title: kind === "loadBalancer" ? workloadName(workload) : service, subtitle: cluster, kind: "unknown", deploying: false, ...NO_TASKS };
}

function unknownTargetBox(edge: Edge): PlainBox {
  const namespace = edge.namespace ?? NO_NAMESPACE;
  if (edge.node) return unknownWorkloadBox(edge.node, namespace);
  return { id: `${namespace}|>${edge.target}`, namespace, title: targetName(edge), subtitle: "", kind: "unknown", deploying: false, ...NO_TASKS };
}

function buildLine(id: string, { from, to, edges }: { from: string; to: string; edges: readonly Edge[] }): GraphLine {
  let [requests, failures, rate, ejected] = [0, 0, 0, 0];
  for (const edge of edges) {
    requests += edge.requests;
    failures += edge.failures;
    rate += edge.rate;
    ejected += edge.ejected;
  }
  const success = successRate(requests, failures);
  return {
    ...{ id, from, to, edges, rate, success, ejected },
    tone: toneOf(success),
    tcp: edges.every((edge) => edge.protocol === "tcp"),
    p50: maxLatency(edges, "p50"),
    p95: maxLatency(edges, "p95"),
    p99: maxLatency(edges, "p99"),
    deploying: edges.some((edge) => edge.deploying.length > 0),
  };
}

function maxLatency(edges: readonly Edge[], metric: "p50" | "p95" | "p99"): number | null {
  return edges.reduce<number | null>((max, edge) => (edge[metric] === null ? max : Math.max(max ?? 0, edge[metric])), null);
}

/** The part of the graph that a box reaches, and that reaches it, within so many steps. */
export function neighborhood(graph: Graph, id: string, steps: number): Graph {
  const near = new Set([id]);
  const spread = (from: "from" | "to", to: "from" | "to") => {
    let frontier = new Set([id]);
    for (let step = 0; step < steps; step += 1) {
      frontier = new Set(graph.lines.filter((line) => frontier.has(line[from])).map((line) => line[to]));
      for (const box of frontier) near.add(box);
    }
  };
  spread("from", "to");
  spread("to", "from");
  return {
    boxes: graph.boxes.filter((box) => near.has(box.id)),
    lines: graph.lines.filter((line) => near.has(line.from) && near.has(line.to)),
  };
}
