// The metrics of each task behind a discovery name, as the task's own proxy measured them, for all callers together.

import type { Target } from "../../aws/config.ts";
import { listMetrics, type TimeSpan } from "../../aws/metrics.ts";
import { readSeries, type SeriesQuery } from "../../aws/series.ts";
import { SERVICE_CONNECT, type Workload } from "../model/mesh.ts";
import { wholePeriod } from "../model/timeRange.ts";

export interface TaskMetrics {
  readonly workload: Workload;
  /** The id of the task. */
  readonly task: string;
  readonly requests: number;
  /** Responses with status 5xx. */
  readonly failures: number;
  /** Milliseconds; null without a measurement. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

interface ListedTask {
  readonly workload: Workload;
  readonly task: string;
  readonly name: string;
}

const REQUESTS = { metric: "TaskRequestCount", stat: "Sum" };
const DETAILS = [
  { metric: "TaskFailureCount", stat: "Sum" },
  ...["p50", "p95", "p99"].map((stat) => ({ metric: "TaskResponseTime", stat })),
];

/** The tasks that responded within the span, the slowest by p95 first. */
export async function readTaskMetrics(
  target: Target,
  { target: name, targets }: { readonly target: string; readonly targets: readonly Workload[] },
  span: TimeSpan,
  signal: AbortSignal,
): Promise<TaskMetrics[]> {
  const listed: ListedTask[] = [];
  for (const workload of targets) listed.push(...(await listTasks(target, workload, name, signal)));
  const period = wholePeriod(span);
  const whole = { start: span.start, end: span.start + period };
  const counts = await readSeries(target, listed.map((task) => seriesQuery(task, REQUESTS)), whole, period, signal);
  // CloudWatch lists stopped tasks for a long time; only the tasks that responded are read further.
  const active = listed.map((task, index) => ({ ...task, requests: counts[index]?.points[0]?.y ?? 0 })).filter(({ requests }) => requests > 0);
  const details = await readSeries(target, active.flatMap((task) => DETAILS.map((metric) => seriesQuery(task, metric))), whole, period, signal);
  const tasks = active.map(({ workload, task, requests }, index): TaskMetrics => {
    const [failures, p50, p95, p99] = details.slice(index * DETAILS.length, (index + 1) * DETAILS.length).map(({ points }) => points[0]?.y ?? null);
    return { workload, task, requests, failures: failures ?? 0, p50: p50 ?? null, p95: p95 ?? null, p99: p99 ?? null };
  });
  return tasks.sort(bySlowest);
}

export function bySlowest(a: TaskMetrics, b: TaskMetrics): number {
  return (b.p95 ?? -1) - (a.p95 ?? -1) || b.failures - a.failures || (a.task < b.task ? -1 : 1);
}

async function listTasks(target: Target, workload: Workload, name: string, signal: AbortSignal): Promise<ListedTask[]> {
  const filter = { Namespace: SERVICE_CONNECT.own, MetricName: REQUESTS.metric, Dimensions: [...serviceDimensions(workload, name), { Name: "TaskId" }] };
  const metrics = await listMetrics(target, filter, signal);
  const ids = metrics.map((metric) => metric.Dimensions?.find((dimension) => dimension.Name === "TaskId")?.Value);
  return ids.flatMap((task) => (task ? [{ workload, task, name }] : []));
}

function serviceDimensions(workload: Workload, name: string) {
  return [
    { Name: "DiscoveryName", Value: name },
    { Name: "ServiceName", Value: workload.service },
    { Name: "ClusterName", Value: workload.cluster },
  ];
}

function seriesQuery({ workload, task, name }: ListedTask, { metric, stat }: { metric: string; stat: string }): SeriesQuery {
  return { label: stat, namespace: SERVICE_CONNECT.own, metric, stat, dimensions: [...serviceDimensions(workload, name), { Name: "TaskId", Value: task }] };
}
