// Reads the newest traces of requests. They are in the server's memory, not in an AWS API.

import type { Target } from "./config.ts";
import { readConsole } from "./consoleApi.ts";

/** A request as a proxy saw it, or one attempt of it. Names and attributes are those of OpenTelemetry's semantic conventions. */
export interface Span {
  readonly trace: string;
  readonly id: string;
  /** Empty for the first span of a trace. */
  readonly parent: string;
  readonly name: string;
  readonly kind: "server" | "client";
  /** Seconds since 1970. */
  readonly start: number;
  /** Seconds. */
  readonly duration: number;
  readonly is_error: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly resource: Readonly<Record<string, string>>;
}

export interface TraceSummary {
  readonly id: string;
  readonly first: Span;
  /** The services that took part, in the order of their first spans. */
  readonly services: readonly string[];
  readonly spans: number;
  readonly errors: number;
  readonly requestId: string;
}

export interface Traces {
  /** The percentage of requests that is traced. */
  readonly sampling: number;
  readonly traces: readonly TraceSummary[];
}

/** A service of a cluster, or a virtual node or virtual gateway of a mesh, that took part in a trace. */
export interface TracedWorkload {
  readonly service?: string;
  readonly cluster?: string;
  /** The namespace or the mesh. */
  readonly namespace?: string;
}

/** The newest traces; with a workload, only those that it took part in. */
export async function readTraces(target: Target, { service, cluster, namespace }: TracedWorkload, signal: AbortSignal): Promise<Traces> {
  return readConsole(target, "traces", { ...target.scope, service, cluster, namespace }, signal);
}

const TRACE_ID = /^[0-9a-f]{32}$/;

/** The spans of a trace, given its id or the x-request-id of its request; none if it is not kept any more. */
export async function readTrace(target: Target, reference: string, signal: AbortSignal): Promise<readonly Span[]> {
  const selection = TRACE_ID.test(reference) ? { trace: reference } : { request: reference };
  return (await readConsole<{ spans: readonly Span[] }>(target, "traces", { ...target.scope, ...selection }, signal)).spans;
}
