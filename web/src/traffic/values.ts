// What the traffic pages show: edges with their figures, between services of namespaces.

/** A service of a cluster. */
export interface Party {
  readonly cluster: string;
  readonly service: string;
}

/** From `start`, a whole minute, to `end`; seconds since the epoch. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A service that takes part in a namespace. */
export interface Member {
  readonly party: Party;
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

/** One service's calls of one discovery name, as CloudWatch knows them. */
export interface EdgeKey {
  readonly cluster: string;
  readonly service: string;
  readonly target: string;
}

/** Figures by name, over the whole span; what has no value is left out. */
export type Figures = Readonly<Partial<Record<FigureName, number>>>;
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

export interface Edge {
  readonly id: string;
  /** Of the caller; null when that is gone. */
  readonly namespace: string | null;
  readonly caller: Party;
  readonly target: string;
  /** The services behind the name. */
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

export function partyId(party: Party): string {
  return `${party.cluster}/${party.service}`;
}

export function edgeId(key: EdgeKey): string {
  return `${key.cluster}/${key.service}>${key.target}`;
}

/** The edge behind an id; null when it is none. */
export function edgeOf(id: string): EdgeKey | null {
  const found = /^([^/>]+)\/([^/>]+)>([^/>]+)$/.exec(id);
  const [cluster, service, target] = found ? found.slice(1) : [];
  return cluster && service && target ? { cluster, service, target } : null;
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
