import type { DaemonDeployment } from "@aws-sdk/client-ecs";
import type { TableProps } from "@cloudscape-design/components/table";
import { nameOf } from "../../aws/arn.ts";
import { readDaemonDeployments } from "../../aws/daemons.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";

/** The newest deployments of a daemon: how far each is on the instances, and why it was rolled back. */
export function DaemonDeploymentsTab({ cluster, daemon }: { cluster: string; daemon: string }) {
  const text = useText().daemons;
  const target = useTarget();
  const topics = [{ kind: "daemon-deployment", cluster }, { kind: "task", cluster }];
  const query = useLive(["daemon-deployments", daemon], topics, (signal) => readDaemonDeployments(target, daemon, signal));
  return (
    <LiveTable
      query={query}
      unsorted
      wrap
      id={({ daemonDeploymentArn = "" }) => daemonDeploymentArn}
      title={text.tabs.deployments}
      empty={{ title: text.noDeployments }}
      columns={useColumns()}
    />
  );
}

function useColumns(): TableProps.ColumnDefinition<DaemonDeployment>[] {
  const text = useText().daemons;
  return [
    { id: "id", header: text.deployment, cell: ({ daemonDeploymentArn }) => nameOf(daemonDeploymentArn), isRowHeader: true },
    { id: "status", header: text.status, cell: ({ status }) => <Status status={status} /> },
    { id: "revision", header: text.revision, cell: ({ targetDaemonRevision }) => nameOf(targetDaemonRevision?.arn) || text.removal },
    { id: "instances", header: text.instances, cell: ({ targetDaemonRevision: { totalRunningInstanceCount: running = 0, totalWithoutDaemonInstanceCount: without = 0, totalDrainingInstanceCount: draining = 0 } = {} }) => text.instancesOf(running, without, draining) },
    { id: "failures", header: text.failures, cell: ({ circuitBreaker: { failureCount = 0, threshold = 0 } = {} }) => text.failuresOf(failureCount, threshold) },
    { id: "drain", header: text.drain, cell: ({ deploymentConfiguration }) => `${deploymentConfiguration?.drainPercent ?? 25} %` },
    { id: "reason", header: text.reason, cell: ({ rollback, statusReason }) => rollback?.reason ?? statusReason },
    { id: "started", header: text.started, cell: ({ startedAt, createdAt }) => <Timestamp date={startedAt ?? createdAt} /> },
    { id: "finished", header: text.finished, cell: ({ finishedAt, stoppedAt }) => <Timestamp date={finishedAt ?? stoppedAt} /> },
  ];
}
