// What the traffic pages show: edges with their figures, between services of namespaces and between what is in meshes.

/** What calls or is called, as ARNs say it. */
export type PartyKind = "service" | "virtualNode" | "virtualGateway";

/** A service of a cluster, or a virtual node or a virtual gateway of a mesh: the mesh is in the cluster's place then. */
export interface Party {
  readonly kind: PartyKind;
  readonly cluster: string;
  readonly service: string;
}

/** From `start`, a whole minute, to `end`; seconds since the epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Who takes part in a namespace or a mesh. */
export interface Member {
  readonly party: Party;
  /** The namespace's name, or `mesh/` and the mesh's. */
  readonly namespace: string;
  /** Its discovery names. */
  readonly offers: readonly string[];
  readonly deploying: boolean;
  readonly running: number;
  readonly desired: number;
  /** Of its tasks, where they have addresses of their own. */
  readonly subnets: readonly string[];
  /** The log group of its proxies' access log, where it has one. */
  readonly accessLog?: string;
}

/** What CloudWatch calls an edge's figures: ours in a namespace of our own, AWS's in theirs, which begin with `prefix`. */
export interface Naming {
  readonly own: string;
  readonly aws: string;
  readonly prefix: string;
}

/** One party's calls of one name, as CloudWatch knows them. */
export interface EdgeKey {
  readonly caller: Party;
  /** A discovery name, or a virtual service. */
  readonly target: string;
  /** In a mesh: the virtual node that answered. */
  readonly node?: Party;
  readonly naming: Naming;
}

/** An edge's figures by name, over the whole span; what has no value is left out. */
export type Figures = Readonly<Partial<Record<FigureName, number>>> & { readonly key: EdgeKey };
export type FigureName =
  | "requests"
  | "connections"
  | "failures"
  | "retries"
  | "timeouts"
  | "ejected"
  | "p50"
  | "p95"
  | "p99";

export interface Edge extends EdgeKey {
  readonly id: string;
  /** Of the caller; null when that is gone. */
  readonly namespace: string | null;
  /** Who is behind the name. */
  readonly targets: readonly Party[];
  readonly protocol: "http" | "tcp";
  /** Connections where the protocol is tcp. */
  readonly requests: number;
  readonly failures: number;
  readonly retries: number;
  readonly timeouts: number;
  /** Requests a second. */
  readonly rate: number;
  /** From 0 to 1; null without requests. */
  readonly success: number | null;
  /** Milliseconds, of each attempt; null where nothing was timed. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** The most hosts that were kept away at once. */
  readonly ejected: number;
  /** Those of the edge's services that have a deployment in progress. */
  readonly deploying: readonly Party[];
}

export interface Mesh {
  readonly span: Span;
  readonly edges: readonly Edge[];
  readonly members: readonly Member[];
}

/** No two have the same: what is in a mesh is called as App Mesh's ARNs end. */
export function partyId(party: Party): string {
  return party.kind === "service" ? partyName(party) : `${meshId(party.cluster)}/${party.kind}/${party.service}`;
}

/** As people say it. */
export function partyName(party: Party): string {
  return `${party.cluster}/${party.service}`;
}

/** What a mesh is called where a namespace could stand as well. */
export function meshId(mesh: string): string {
  return `mesh/${mesh}`;
}

export function isMesh(namespace: string | null): boolean {
  return namespace?.startsWith(meshId("")) ?? false;
}

export function edgeId(key: EdgeKey): string {
  const called = `${partyId(key.caller)}>${key.target}`;
  return key.node ? `${called}>${key.node.service}` : called;
}

/** What an edge leads to: in a mesh, a virtual service and which of its virtual nodes. */
export function calledName(key: EdgeKey): string {
  return key.node ? `${key.target} → ${key.node.service}` : key.target;
}

export type Tone = "good" | "fair" | "bad" | "none";

const GOOD = 0.999;
const FAIR = 0.99;

/** How a success rate is to be taken. */
export function toneOf(success: number | null): Tone {
  if (success === null) return "none";
  if (success >= GOOD) return "good";
  return success >= FAIR ? "fair" : "bad";
}
