import type { Task } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { taskReference } from "../../aws/balancedServices.ts";
import { interfaceDetail } from "../../aws/networkInterfaces.ts";
import { stopTask } from "../../aws/tasks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useTasks } from "../../live/queries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { Status } from "../../parts/Status.tsx";
import { definitionPath } from "../definitions/definitionPath.ts";

type DesiredStatus = "RUNNING" | "STOPPED";

const idOf = (task: Task) => task.taskArn ?? "";

/** The running or the stopped tasks of a cluster, of a service, or of a daemon. */
export function TasksTable({ cluster, service, daemon }: { cluster: string; service?: string; daemon?: string }) {
  const text = useText().tasks;
  const [desiredStatus, setDesiredStatus] = useState<DesiredStatus>("RUNNING");
  const [stopping, setStopping] = useState<Task | null>(null);
  const query = useTasks({ cluster, desiredStatus, ...(service === undefined ? {} : { serviceName: service }), ...(daemon === undefined ? {} : { daemonName: daemon }) });
  const selection = useSelection(query, idOf);
  const statusControl = (
    <SegmentedControl
      label={text.desiredStatus}
      selectedId={desiredStatus}
      options={[{ id: "RUNNING", text: text.running }, { id: "STOPPED", text: text.stopped }]}
      onChange={({ detail }) => {
        setDesiredStatus(detail.selectedId as DesiredStatus);
        selection.select(undefined);
      }}
    />
  );
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={text.title}
        filter={text.find}
        filterExtra={statusControl}
        columns={useColumns(cluster, desiredStatus)}
        selection={{ ...selection, label: (task) => nameOf(task.taskArn) }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <SelectionButton item={selection.selected} isEnabled={({ desiredStatus }) => desiredStatus === "RUNNING"} onClick={setStopping}>{text.stop.open}</SelectionButton>
            {service === undefined && daemon === undefined ? <Button href={href(paths.runTask(cluster))}>{text.run.title}</Button> : null}
          </SpaceBetween>
        }
        empty={desiredStatus === "RUNNING" ? { title: text.noneRunning } : { title: text.noneStopped, detail: text.noneStoppedDetail }}
      />
      {stopping ? <StopTask cluster={cluster} task={stopping} onClose={() => { setStopping(null); }} /> : null}
    </>
  );
}

/** A dialog that stops a task. If the task belongs to a service, the effect includes the replacement. */
export function StopTask({ cluster, task, onClose }: { cluster: string; task: Task; onClose: () => void }) {
  const text = useText().tasks.stop;
  const target = useTarget();
  const id = nameOf(task.taskArn);
  const { service } = taskReference(task);
  return (
    <ConfirmDialog
      title={text.title(id)}
      effect={service === undefined ? text.effect : text.effectOfService(service)}
      action={text.action}
      done={text.done(id)}
      perform={() => stopTask(target, cluster, id, text.reason)}
      onClose={onClose}
    />
  );
}

function useColumns(cluster: string, desiredStatus: DesiredStatus): TableProps.ColumnDefinition<Task>[] {
  const text = useText();
  const words = text.tasks;
  const common: TableProps.ColumnDefinition<Task>[] = [
    {
      id: "task",
      header: words.task,
      cell: (task) => <Link href={href(paths.task(cluster, nameOf(task.taskArn)))}>{nameOf(task.taskArn).slice(0, 12)}…</Link>,
      sortingField: "taskArn",
      isRowHeader: true,
    },
    { id: "status", header: words.status, cell: (task) => <Status status={task.lastStatus} />, sortingField: "lastStatus" },
    {
      id: "definition",
      header: words.definition,
      cell: (task) => <Link href={href(definitionPath(task.taskDefinitionArn))}>{nameOf(task.taskDefinitionArn)}</Link>,
      sortingField: "taskDefinitionArn",
    },
    { id: "group", header: words.group, cell: (task) => task.group, sortingField: "group" },
  ];
  if (desiredStatus === "STOPPED") {
    return [
      ...common,
      { id: "stopped", header: words.stoppedAt, cell: (task) => <RelativeTime date={task.stoppedAt ?? task.stoppingAt} />, sortingField: "stoppedAt" },
      { id: "code", header: words.stopCode, cell: (task) => task.stopCode, sortingField: "stopCode" },
      { id: "reason", header: words.stopReason, cell: (task) => task.stoppedReason, sortingField: "stoppedReason" },
    ];
  }
  return [
    ...common,
    { id: "health", header: words.health, cell: (task) => <Status status={task.healthStatus} />, sortingField: "healthStatus" },
    { id: "zone", header: words.zone, cell: (task) => task.availabilityZone, sortingField: "availabilityZone" },
    { id: "address", header: words.address, cell: (task) => interfaceDetail(task, "privateIPv4Address") },
    { id: "started", header: words.startedAt, cell: (task) => <RelativeTime date={task.startedAt ?? task.createdAt} />, sortingField: "startedAt" },
  ];
}
