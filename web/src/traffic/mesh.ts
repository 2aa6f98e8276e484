// Figures and services put together. An edge is in its caller's namespace, since a service takes part in one; its targets
// are the services there that offer the name. Where the caller is gone, the only namespace that offers the name is taken.
// A mesh's edges say all of it themselves.

import { seconds } from "./range.ts";
import { type Edge, type EdgeKey, edgeId, type Figures, type Member, type Mesh, meshId, type Party, partyId, type Span } from "./values.ts";

export function meshOf(figures: ReadonlyMap<string, Figures>, members: readonly Member[], span: Span): Mesh {
  const known = new Known(members);
  const edges: Edge[] = [];
  for (const found of figures.values()) {
    const edge = edgeWith(found, known, span);
    if (edge.requests > 0) edges.push(edge);
  }
  return { span, members, edges: edges.sort((a, b) => b.requests - a.requests || (a.id < b.id ? -1 : 1)) };
}

/** Members by who they are and by what they offer. */
export class Known {
  readonly #byParty = new Map<string, Member>();
  readonly #offering = new Map<string, Map<string, Member[]>>();

  constructor(members: readonly Member[]) {
    for (const member of members) {
      this.#byParty.set(partyId(member.party), member);
      for (const name of member.offers) {
        const byNamespace = this.#offering.get(name) ?? new Map<string, Member[]>();
        byNamespace.set(member.namespace, [...(byNamespace.get(member.namespace) ?? []), member]);
        this.#offering.set(name, byNamespace);
      }
    }
  }

  member(party: Party): Member | undefined {
    return this.#byParty.get(partyId(party));
  }

  namespaceOf(key: EdgeKey): string | null {
    if (key.node) return meshId(key.node.cluster);
    const caller = this.member(key.caller);
    if (caller) return caller.namespace;
    const offering = [...(this.#offering.get(key.target)?.keys() ?? [])];
    return offering.length === 1 ? (offering[0] ?? null) : null;
  }

  behind(key: EdgeKey): readonly Party[] {
    if (key.node) return [key.node];
    const offering = this.#offering.get(key.target)?.get(this.namespaceOf(key) ?? "") ?? [];
    return offering.map((member) => member.party);
  }
}

function edgeWith({ key, ...figures }: Figures, known: Known, span: Span): Edge {
  const targets = known.behind(key);
  const ends = new Map([key.caller, ...targets].map((party) => [partyId(party), party]));
  const tcp = (figures.connections ?? 0) > 0;
  const requests = Math.round((tcp ? figures.connections : figures.requests) ?? 0);
  const failures = Math.round(figures.failures ?? 0);
  return {
    ...key,
    id: edgeId(key),
    namespace: known.namespaceOf(key),
    targets,
    protocol: tcp ? "tcp" : "http",
    requests,
    failures,
    retries: Math.round(figures.retries ?? 0),
    timeouts: Math.round(figures.timeouts ?? 0),
    rate: requests / seconds(span),
    success: requests > 0 ? Math.max(1 - failures / requests, 0) : null,
    p50: figures.p50 ?? null,
    p95: figures.p95 ?? null,
    p99: figures.p99 ?? null,
    ejected: Math.round(figures.ejected ?? 0),
    deploying: [...ends.values()].filter((party) => known.member(party)?.deploying),
  };
}

/** What all edges together come to. */
export function total(edges: readonly Edge[], span: Span) {
  let [requests, failures] = [0, 0];
  for (const edge of edges) [requests, failures] = [requests + edge.requests, failures + edge.failures];
  return {
    requests,
    failures,
    rate: requests / seconds(span),
    success: requests > 0 ? Math.max(1 - failures / requests, 0) : null,
    ejected: edges.reduce((sum, edge) => sum + edge.ejected, 0),
  };
}
