// Traffic from outside: what the proxies of a service received, less what known callers sent. A difference of less than a tenth of
// the total does not count, because proxies report at different times. Nor do fewer requests than HEALTH_CHECK_RATE to a service
// behind a load balancer, which may be its health checks.

import type { TimeSpan } from "../../aws/metrics.ts";
import { type Edge, edgeId, type Member, outsideWorkload, SERVICE_CONNECT, successRate, workloadId } from "./mesh.ts";
import { durationSeconds } from "./timeRange.ts";

/** What the proxies of all services with a discovery name received. */
export interface Inbound {
  readonly namespace: string;
  readonly name: string;
  readonly requests: number;
  /** New connections; the only number of a TCP port. */
  readonly connections: number;
  /** Responses with status 5xx; null if unknown. */
  readonly failures: number | null;
}

const MIN_SHARE = 0.1;
const HEALTH_CHECK_RATE = 0.5; // requests per second

export function outsideEdges(edges: readonly Edge[], members: readonly Member[], inbound: readonly Inbound[], span: TimeSpan): Edge[] {
  const balanced = new Map(edges.filter(({ caller }) => caller.kind === "loadBalancer").map((edge) => [edge.id, edge.requests]));
  return inbound.flatMap(({ namespace, name, requests, connections, failures }) => {
    const targets = members.filter((member) => member.workload.kind === "service" && member.namespace === namespace && member.discoveryNames.includes(name));
    const reported = edges.filter((edge) => edge.caller.kind === "service" && edge.namespace === namespace && edge.target === name);
    const isTcp = reported.length > 0 ? reported.every(({ protocol }) => protocol === "tcp") : requests === 0;
    const total = isTcp ? connections : requests;
    const unreported = total - reported.reduce((sum, edge) => sum + edge.requests + edge.retries, 0);
    const outside = Math.round(unreported - takeBalanced(edges, balanced, targets, Math.max(unreported, 0)));
    const isBalanced = targets.some(({ targetGroups = [] }) => targetGroups.length > 0);
    if (outside < 1 || outside < total * MIN_SHARE || (isBalanced && outside / durationSeconds(span) < HEALTH_CHECK_RATE)) return [];
    const outsideFailures = failures === null ? null : Math.min(Math.max(Math.round(failures - reported.reduce((sum, edge) => sum + edge.failures, 0)), 0), outside);
    const key = { caller: outsideWorkload(namespace), target: name, metricNamespaces: SERVICE_CONNECT };
    return [{
      ...key,
      id: edgeId(key),
      namespace,
      targets: targets.map(({ workload }) => workload),
      protocol: isTcp ? ("tcp" as const) : ("http" as const),
      requests: outside,
      failures: outsideFailures ?? 0,
      ...{ retries: 0, timeouts: 0, ejected: 0, p50: null, p95: null, p99: null },
      rate: outside / durationSeconds(span),
      success: outsideFailures === null || isTcp ? null : successRate(outside, outsideFailures),
      deploying: targets.filter(({ deploying }) => deploying).map(({ workload }) => workload),
    }];
  });
}

/** Takes up to `wanted` requests from those that load balancers sent to these targets; returns how many it took. */
function takeBalanced(edges: readonly Edge[], balanced: Map<string, number>, targets: readonly Member[], wanted: number): number {
  const services = new Set(targets.map(({ workload }) => workloadId(workload)));
  let attributed = 0;
  for (const edge of edges) {
    const available = balanced.get(edge.id);
    if (available === undefined || !edge.targets.some((workload) => services.has(workloadId(workload)))) continue;
    const part = Math.min(available, wanted - attributed);
    balanced.set(edge.id, available - part);
    attributed += part;
  }
  return attributed;
}
