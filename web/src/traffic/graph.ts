// The mesh as a picture: boxes and lines between them. A box is a service, or a cluster's services of one namespace; or it is
// a virtual node or a virtual gateway, which has no cluster. Who is gone, and a name that nobody known offers, is one as well.

import { type Edge, type Member, type Mesh, type Party, partyId, type PartyKind, type Tone, toneOf } from "./values.ts";

export type Grouping = "service" | "cluster";

export interface Box {
  readonly id: string;
  readonly block: string;
  readonly title: string;
  readonly subtitle: string;
  readonly kind: PartyKind | "cluster" | "unknown";
  readonly deploying: boolean;
  /** Tasks that run of those that should; empty where that means nothing. */
  readonly tasks: string;
}

export interface Line {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** The edges that it stands for; more than one where boxes are clusters. */
  readonly edges: readonly Edge[];
  readonly rate: number;
  readonly success: number | null;
  readonly tone: Tone;
  readonly tcp: boolean;
  /** Milliseconds; of several edges the worst. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly ejected: number;
  readonly deploying: boolean;
}

export interface Graph {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

/** The VPC of each subnet, as it is called. */
export type Vpcs = ReadonlyMap<string, string>;

/** Boxes that belong to no namespace that is known. */
export const NOWHERE = "";

export function graphOf(mesh: Mesh, grouping: Grouping, vpcs: Vpcs = new Map()): Graph {
  const boxes = new Map<string, Box>();
  const put = (box: Box) => {
    const before = boxes.get(box.id);
    boxes.set(box.id, before ? { ...box, deploying: box.deploying || before.deploying } : box);
    return box.id;
  };
  const named = namedVpcs(mesh.members, vpcs);
  const byParty = new Map(mesh.members.map((member) => [partyId(member.party), member]));
  for (const member of mesh.members) put(boxOf(member, grouping, named));
  const byLine = new Map<string, { from: string; to: string; edges: Edge[] }>();
  for (const edge of mesh.edges) {
    const caller = byParty.get(partyId(edge.caller));
    const from = put(caller ? boxOf(caller, grouping, named) : gone(edge, grouping));
    const behind = edge.targets.map((party) => byParty.get(partyId(party))).filter((one) => one !== undefined);
    const ends = behind.length > 0 ? behind.map((member) => put(boxOf(member, grouping, named))) : [put(unknown(edge))];
    for (const to of new Set(ends)) {
      const id = grouping === "service" ? edge.id + (ends.length > 1 ? `>${to}` : "") : `${from}>${to}`;
      const line = byLine.get(id) ?? { from, to, edges: [] };
      line.edges.push(edge);
      byLine.set(id, line);
    }
  }
  return { boxes: [...boxes.values()], lines: [...byLine].map(([id, line]) => lineOf(id, line)) };
}

/** Where services are: said only where they are not all in one VPC. */
function namedVpcs(members: readonly Member[], vpcs: Vpcs): Vpcs {
  const used = new Set(members.flatMap((member) => member.subnets.map((subnet) => vpcs.get(subnet))));
  used.delete(undefined);
  return used.size > 1 ? vpcs : new Map();
}

function boxOf(member: Member, grouping: Grouping, vpcs: Vpcs): Box {
  const { kind, cluster, service } = member.party;
  const vpc = vpcs.get(member.subnets[0] ?? "");
  if (grouping === "cluster" && kind === "service") {
    const id = `${member.namespace}|${cluster}`;
    return { id, block: member.namespace, title: cluster, subtitle: "", kind: "cluster", deploying: member.deploying, tasks: "" };
  }
  return {
    id: partyId(member.party),
    block: member.namespace,
    title: service,
    subtitle: vpc === undefined ? cluster : `${cluster} · ${vpc}`,
    kind,
    deploying: member.deploying,
    tasks: member.running === member.desired ? "" : `${member.running}/${member.desired}`,
  };
}

function gone(edge: Edge, grouping: Grouping): Box {
  const { kind, cluster } = edge.caller;
  const block = edge.namespace ?? NOWHERE;
  if (grouping === "cluster" && kind === "service") {
    return { id: `${block}|${cluster}`, block, title: cluster, subtitle: "", kind: "cluster", deploying: false, tasks: "" };
  }
  return stranger(edge.caller, block);
}

function stranger(party: Party, block: string): Box {
  const { cluster, service } = party;
  return { id: partyId(party), block, title: service, subtitle: cluster, kind: "unknown", deploying: false, tasks: "" };
}

function unknown(edge: Edge): Box {
  const block = edge.namespace ?? NOWHERE;
  if (edge.node) return stranger(edge.node, block);
  return { id: `${block}|>${edge.target}`, block, title: edge.target, subtitle: "", kind: "unknown", deploying: false, tasks: "" };
}

function lineOf(id: string, { from, to, edges }: { from: string; to: string; edges: readonly Edge[] }): Line {
  let [requests, failures, rate, ejected] = [0, 0, 0, 0];
  for (const edge of edges) {
    requests += edge.requests;
    failures += edge.failures;
    rate += edge.rate;
    ejected += edge.ejected;
  }
  const success = requests > 0 ? Math.max(1 - failures / requests, 0) : null;
  return {
    ...{ id, from, to, edges, rate, success, ejected },
    tone: toneOf(success),
    tcp: edges.every((edge) => edge.protocol === "tcp"),
    p50: worst(edges, "p50"),
    p95: worst(edges, "p95"),
    p99: worst(edges, "p99"),
    deploying: edges.some((edge) => edge.deploying.length > 0),
  };
}

function worst(edges: readonly Edge[], figure: "p50" | "p95" | "p99"): number | null {
  return edges.reduce<number | null>((most, edge) => (edge[figure] === null ? most : Math.max(most ?? 0, edge[figure])), null);
}

/** A box with those that call it and those that it calls, as far as so many steps. */
export function neighbourhood(graph: Graph, id: string, steps: number): Graph {
  const near = new Set([id]);
  const spread = (from: "from" | "to", to: "from" | "to") => {
    let edge = new Set([id]);
    for (let step = 0; step < steps; step += 1) {
      edge = new Set(graph.lines.filter((line) => edge.has(line[from])).map((line) => line[to]));
      for (const found of edge) near.add(found);
    }
  };
  spread("from", "to");
  spread("to", "from");
  return {
    boxes: graph.boxes.filter((box) => near.has(box.id)),
    lines: graph.lines.filter((line) => near.has(line.from) && near.has(line.to)),
  };
}
