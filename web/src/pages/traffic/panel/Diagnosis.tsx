// The answers to what an on-call engineer asks of a failing connection: since when, who is affected, which target, which status
// code, and what changed.

import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { href } from "../../../app/links.tsx";
import { paths } from "../../../app/paths.ts";
import { usePreferences } from "../../../app/preferences.tsx";
import { nameOf } from "../../../aws/arn.ts";
import type { Target } from "../../../aws/config.ts";
import { readDeployments } from "../../../aws/deployments.ts";
import { readSeries } from "../../../aws/series.ts";
import { useTarget } from "../../../aws/useTarget.ts";
import { useText } from "../../../i18n/useText.ts";
import { useLive } from "../../../live/useLive.ts";
import { RelativeTime } from "../../../parts/Time.tsx";
import { edgeChartQueries } from "../../../traffic/data/edgeSeries.ts";
import { readTaskMetrics, type TaskMetrics } from "../../../traffic/data/slowestTasks.ts";
import { affectedCallers, failedCodes, failingSince, hasFailed } from "../../../traffic/model/diagnosis.ts";
import { formatCount } from "../../../traffic/model/format.ts";
import { type Edge, type Workload, workloadId } from "../../../traffic/model/mesh.ts";
import { chartPeriod, formatTimeRange, resolveTimeRange, surroundingSpan, type TimeRange } from "../../../traffic/model/timeRange.ts";
import { workloadLabel } from "../workloadLabel.ts";

const MAX_LISTED = 4;

export interface DiagnosisProps {
  readonly edge: Edge;
  readonly edges: readonly Edge[];
  readonly range: TimeRange;
}

/** Nothing for a connection without failures. */
export function Diagnosis(props: DiagnosisProps) {
  return hasFailed(props.edge) ? <Answers {...props} /> : null;
}

function Answers({ edge, edges, range }: DiagnosisProps) {
  const { traffic: text, app } = useText();
  const words = text.diagnosis;
  const { language } = usePreferences();
  const target = useTarget();
  const topics = [...(range.kind === "last" ? [{ kind: "metrics" }] : []), { kind: "service-deployment" }];
  const { status, data } = useLive(["traffic-diagnosis", edge.id, formatTimeRange(range)], topics, (signal) => readAnswers(target, edge, range, signal));
  const affected = affectedCallers(edges, edge).map((workload) => workloadLabel(workload, text));
  const list = (items: readonly string[]) => [...items.slice(0, MAX_LISTED), ...(items.length > MAX_LISTED ? [words.more(items.length - MAX_LISTED)] : [])].join(", ");
  const codes = (data?.codes ?? []).map(({ code, count }) => `${code}: ${formatCount(count, language)}`);
  const failing = (data?.tasks ?? []).filter(({ failures }) => failures > 0);
  const loading = status === "loading" ? <StatusIndicator type="loading">{app.loading}</StatusIndicator> : null;
  return (
    <Alert type={edge.failures > 0 ? "error" : "warning"} header={words.title}>
      <KeyValuePairs
        columns={2}
        minColumnWidth={150}
        items={[
          { label: words.since, value: loading ?? (data?.since ? <RelativeTime date={data.since} /> : words.unknown) },
          { label: words.affected, value: list(affected) },
          { label: words.target, value: loading ?? (failing.length > 0 ? <FailingTasks tasks={failing} more={words.more} /> : words.noTarget) },
          { label: words.codes, value: loading ?? (codes.join(", ") || words.noCode(formatCount(Math.max(edge.failures - edge.timeouts, 0), language), formatCount(edge.timeouts, language))) },
          { label: words.changes, value: loading ?? (data && data.changes.length > 0 ? data.changes.slice(0, MAX_LISTED).map((change) => <ChangeLink key={change.deployment.serviceDeploymentArn} {...change} />) : words.noChanges) },
        ]}
      />
    </Alert>
  );
}

function FailingTasks({ tasks, more }: { tasks: readonly TaskMetrics[]; more: (count: number) => string }) {
  const { language } = usePreferences();
  const worst = [...tasks].sort((a, b) => b.failures - a.failures);
  return (
    <>
      {worst.slice(0, MAX_LISTED).map(({ workload, task, failures }) => (
        <div key={task}><Link href={href(paths.task(workload.cluster, task))}>{task.slice(0, 12)}…</Link> {formatCount(failures, language)}</div>
      ))}
      {worst.length > MAX_LISTED ? more(worst.length - MAX_LISTED) : null}
    </>
  );
}

interface Change {
  readonly workload: Workload;
  readonly deployment: ServiceDeployment;
}

function ChangeLink({ workload: { cluster, service }, deployment }: Change) {
  const words = useText().traffic.diagnosis;
  return (
    <div>
      <Link href={href(paths.deployment(cluster, service, nameOf(deployment.serviceDeploymentArn)))}>{words.deployment(service)}</Link>{" "}
      <RelativeTime date={deployment.startedAt ?? deployment.createdAt} />
    </div>
  );
}

/** The metrics and deployments that explain the failures of an edge, in and around a time range. */
async function readAnswers(target: Target, edge: Edge, range: TimeRange, signal: AbortSignal) {
  const now = Date.now() / 1000;
  const selected = resolveTimeRange(range, now);
  const span = surroundingSpan(selected, now);
  const isTcp = edge.protocol === "tcp";
  const { traffic, codes } = edgeChartQueries(edge, isTcp);
  const series = await readSeries(target, [...traffic, ...codes], span, chartPeriod(span, now), signal);
  const [requests, failures] = series;
  const hasTasks = !edge.node && !isTcp && edge.caller.kind !== "loadBalancer";
  return {
    since: failingSince(requests?.points ?? [], failures?.points ?? []),
    codes: failedCodes(series.slice(traffic.length), selected),
    tasks: hasTasks ? await readTaskMetrics(target, edge, selected, signal) : [],
    changes: await readChanges(target, edge, new Date(span.start * 1000), signal),
  };
}

/** The deployments of the caller and the targets since a time, newest first. */
async function readChanges(target: Target, edge: Edge, since: Date, signal: AbortSignal): Promise<Change[]> {
  const services = new Map([edge.caller, ...edge.targets].filter(({ kind }) => kind === "service").map((workload) => [workloadId(workload), workload]));
  const timeOf = ({ startedAt, createdAt }: ServiceDeployment) => (startedAt ?? createdAt)?.getTime() ?? 0;
  const changes: Change[] = [];
  for (const workload of services.values()) {
    const deployments = await readDeployments(target, workload.cluster, workload.service, signal).catch(() => []); // the service may be gone
    changes.push(...deployments.filter((deployment) => timeOf(deployment) >= since.getTime()).map((deployment) => ({ workload, deployment })));
  }
  return changes.sort((a, b) => timeOf(b.deployment) - timeOf(a.deployment));
}
