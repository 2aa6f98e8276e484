// The tasks behind a discovery name, each by itself: what its own proxy passed on, whoever called.

import { type CloudWatchClient, ListMetricsCommand } from "@aws-sdk/client-cloudwatch";
import { cloudWatch } from "../aws/cloudWatch.ts";
import type { Target } from "../aws/config.ts";
import { SERVICE_CONNECT } from "./known.ts";
import { wholePeriod } from "./range.ts";
import { readSeries, type Wanted } from "./series.ts";
import type { Party, Span } from "./values.ts";

export interface TargetTask {
  readonly party: Party;
  /** The task's id. */
  readonly task: string;
  readonly requests: number;
  /** Answered 5xx. */
  readonly failures: number;
  /** Milliseconds; null where nothing was timed. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

interface Listed {
  readonly party: Party;
  readonly task: string;
  readonly name: string;
}

const REQUESTS = { metric: "TaskRequestCount", stat: "Sum" };
const REST = [
  { metric: "TaskFailureCount", stat: "Sum" },
  ...["p50", "p95", "p99"].map((stat) => ({ metric: "TaskResponseTime", stat })),
];

/** Those that answered in the span, the slowest by p95 first. */
export async function readTargets(
  target: Target,
  { target: name, targets }: { readonly target: string; readonly targets: readonly Party[] },
  span: Span,
  signal: AbortSignal,
): Promise<TargetTask[]> {
  const listed: Listed[] = [];
  for (const party of targets) listed.push(...(await listTasks(cloudWatch(target), party, name, signal)));
  const period = wholePeriod(span);
  const whole = { start: span.start, end: span.start + period };
  const counts = await readSeries(target, listed.map((one) => wantedOf(one, REQUESTS)), whole, period, signal);
  const requests = counts.map(({ points }) => points[0]?.y ?? 0);
  // Tasks that are long gone are still listed; only those that answered are asked about further.
  const active = [...listed.entries()].flatMap(([place, one]) => ((requests[place] ?? 0) > 0 ? [{ ...one, requests: requests[place] ?? 0 }] : []));
  const rest = await readSeries(target, active.flatMap((one) => REST.map((figure) => wantedOf(one, figure))), whole, period, signal);
  const found = active.map(({ party, task, requests: count }, place): TargetTask => {
    const [failures, p50, p95, p99] = rest.slice(place * REST.length, (place + 1) * REST.length).map(({ points }) => points[0]?.y ?? null);
    return { party, task, requests: count, failures: failures ?? 0, p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null };
  });
  return found.sort(slowestFirst);
}

export function slowestFirst(a: TargetTask, b: TargetTask): number {
  return (b.p95 ?? -1) - (a.p95 ?? -1) || b.failures - a.failures || (a.task < b.task ? -1 : 1);
}

async function listTasks(client: CloudWatchClient, party: Party, name: string, abortSignal: AbortSignal): Promise<Listed[]> {
  const found: Listed[] = [];
  let token: string | undefined;
  do {
    const command = new ListMetricsCommand({ Namespace: SERVICE_CONNECT.own, MetricName: REQUESTS.metric, Dimensions: [...dimensionsOf(party, name), { Name: "TaskId" }], NextToken: token });
    const page = await client.send(command, { abortSignal });
    for (const metric of page.Metrics ?? []) {
      const task = metric.Dimensions?.find((one) => one.Name === "TaskId")?.Value;
      if (task) found.push({ party, task, name });
    }
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

function dimensionsOf(party: Party, name: string) {
  return [
    { Name: "DiscoveryName", Value: name },
    { Name: "ServiceName", Value: party.service },
    { Name: "ClusterName", Value: party.cluster },
  ];
}

function wantedOf({ party, task, name }: Listed, { metric, stat }: { metric: string; stat: string }): Wanted {
  return { label: stat, namespace: SERVICE_CONNECT.own, metric, stat, dimensions: [...dimensionsOf(party, name), { Name: "TaskId", Value: task }] };
}
