// Builds the mesh from metrics and members. An edge is in the namespace of its caller, since a service is a member of one
// namespace; its targets are the members of that namespace that offer the name. If the caller is deleted, the edge is in the
// only namespace that offers the name. The dimensions of an edge in a mesh name all of this themselves. An edge of a load
// balancer leads to the services that register in the target group, and is in their namespace.

import type { TimeSpan } from "../../aws/metrics.ts";
import { type Inbound, outsideEdges } from "./outside.ts";
import { type Edge, type EdgeKey, edgeId, type EdgeMetrics, type Member, type Mesh, meshId, successRate, type Workload, workloadId } from "./mesh.ts";
import { durationSeconds } from "./timeRange.ts";

export function buildMesh(metrics: ReadonlyMap<string, EdgeMetrics>, members: readonly Member[], span: TimeSpan, inbound: readonly Inbound[] = []): Mesh {
  const index = new MemberIndex(members);
  const known = [...metrics.values()].map((edgeMetrics) => buildEdge(edgeMetrics, index, span)).filter((edge) => edge.requests > 0);
  const edges = [...known, ...outsideEdges(known, members, inbound, span)];
  return { span, members, edges: edges.sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1)) };
}

/** Members by workload and by discovery name. */
export class MemberIndex {
  readonly #byWorkload = new Map<string, Member>();
  readonly #byName = new Map<string, Map<string, Member[]>>();
  readonly #services: readonly Member[];

  constructor(members: readonly Member[]) {
    this.#services = members.filter(({ workload }) => workload.kind === "service");
    for (const member of members) {
      this.#byWorkload.set(workloadId(member.workload), member);
      for (const name of member.discoveryNames) {
        const byNamespace = this.#byName.get(name) ?? new Map<string, Member[]>();
        byNamespace.set(member.namespace, [...(byNamespace.get(member.namespace) ?? []), member]);
        this.#byName.set(name, byNamespace);
      }
    }
  }

  member(workload: Workload): Member | undefined {
    return this.#byWorkload.get(workloadId(workload));
  }

  namespaceOf(key: EdgeKey): string | null {
    if (key.node) return meshId(key.node.cluster);
    const caller = this.member(key.caller);
    if (key.caller.kind === "loadBalancer") return this.#registeredBy(key)[0]?.namespace ?? caller?.namespace ?? null;
    if (caller) return caller.namespace;
    const namespaces = [...(this.#byName.get(key.target)?.keys() ?? [])];
    return namespaces.length === 1 ? (namespaces[0] ?? null) : null;
  }

  /** The workloads that offer the name that the edge calls. */
  targetsOf(key: EdgeKey): readonly Workload[] {
    if (key.node) return [key.node];
    if (key.caller.kind === "loadBalancer") return this.#registeredBy(key).map((member) => member.workload);
    const members = this.#byName.get(key.target)?.get(this.namespaceOf(key) ?? "") ?? [];
    return members.map((member) => member.workload);
  }

  /** The services that a load balancer reaches by an edge: those in its target group, or in any that it forwards to. */
  #registeredBy({ caller, target }: EdgeKey): readonly Member[] {
    const groups = target === caller.service ? (this.member(caller)?.targetGroups ?? []) : [target];
    return this.#services.filter(({ targetGroups = [] }) => targetGroups.some((group) => groups.includes(group)));
  }
}

function buildEdge({ key, ...metrics }: EdgeMetrics, index: MemberIndex, span: TimeSpan): Edge {
  const targets = index.targetsOf(key);
  const workloads = new Map([key.caller, ...targets].map((workload) => [workloadId(workload), workload]));
  const tcp = (metrics.connections ?? 0) > 0;
  const requests = Math.round((tcp ? metrics.connections : metrics.requests) ?? 0);
  const failures = Math.round(metrics.failures ?? 0);
  return {
    ...key,
    id: edgeId(key),
    namespace: index.namespaceOf(key),
    targets,
    protocol: tcp ? "tcp" : "http",
    requests,
    failures,
    retries: Math.round(metrics.retries ?? 0),
    timeouts: Math.round(metrics.timeouts ?? 0),
    rate: requests / durationSeconds(span),
    success: successRate(requests, failures),
    p50: metrics.p50 ?? null,
    p95: metrics.p95 ?? null,
    p99: metrics.p99 ?? null,
    ejected: Math.round(metrics.ejected ?? 0),
    deploying: [...workloads.values()].filter((workload) => index.member(workload)?.deploying),
  };
}

/** The members of a namespace or a mesh, with the load balancers that forward to them; all if it is null. */
export function membersIn(members: readonly Member[], namespace: string | null): readonly Member[] {
  if (namespace === null) return members;
  const own = members.filter((member) => member.namespace === namespace);
  const groups = new Set(own.flatMap(({ targetGroups = [] }) => targetGroups));
  const callers = members.filter(({ workload, targetGroups = [] }) => workload.kind === "loadBalancer" && targetGroups.some((group) => groups.has(group)));
  return [...new Set([...own, ...callers])];
}

/**
 * The edges whose requests enter the mesh: those of callers that nobody calls. A request that is passed on is counted once. Where
 * all call each other, every edge counts.
 */
export function enteringEdges<E extends Pick<Edge, "caller" | "targets">>(edges: readonly E[]): readonly E[] {
  const called = new Set(edges.flatMap((edge) => edge.targets.filter((target) => workloadId(target) !== workloadId(edge.caller)).map(workloadId)));
  const entering = edges.filter(({ caller }) => !called.has(workloadId(caller)));
  return entering.length === 0 ? edges : entering;
}

/** The totals of several edges. */
export function sumEdges(edges: readonly Edge[], span: TimeSpan) {
  const sum = (metric: "requests" | "failures" | "ejected") => edges.reduce((total, edge) => total + edge[metric], 0);
  const [requests, failures] = [sum("requests"), sum("failures")];
  return { requests, failures, rate: requests / durationSeconds(span), success: successRate(requests, failures), ejected: sum("ejected") };
}
