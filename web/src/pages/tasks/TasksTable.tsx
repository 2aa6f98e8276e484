import type { Task } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { familyOf, nameOf } from "../../aws/arn.ts";
import { stopTask } from "../../aws/tasks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useTasks } from "../../live/readings.ts";
import { Confirm } from "../../parts/Confirm.tsx";
import { ActButton, useChoice } from "../../parts/Choice.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Ago } from "../../parts/Moment.tsx";
import { Status } from "../../parts/Status.tsx";

type Wanted = "RUNNING" | "STOPPED";

const idOf = (task: Task) => task.taskArn ?? "";

/** The tasks of a cluster, or of one of its services: those that run, or those that have stopped. */
export function TasksTable({ cluster, service }: { cluster: string; service?: string }) {
  const text = useText().tasks;
  const [wanted, setWanted] = useState<Wanted>("RUNNING");
  const [stopping, setStopping] = useState<Task | null>(null);
  const found = useTasks({ cluster, desiredStatus: wanted, ...(service === undefined ? {} : { serviceName: service }) });
  const choice = useChoice(found, idOf);
  const which = (
    <SegmentedControl
      label={text.wanted}
      selectedId={wanted}
      options={[{ id: "RUNNING", text: text.running }, { id: "STOPPED", text: text.stopped }]}
      onChange={({ detail }) => {
        setWanted(detail.selectedId as Wanted);
        choice.choose(undefined);
      }}
    />
  );
  return (
    <>
      <LiveTable
        found={found}
        id={idOf}
        title={text.title}
        filter={text.find}
        filterExtra={which}
        columns={useColumns(cluster, wanted)}
        selection={{ ...choice, label: (task) => nameOf(task.taskArn) }}
        actions={
          <ActButton on={choice.chosen} possible={({ desiredStatus }) => desiredStatus === "RUNNING"} act={setStopping}>{text.stop.open}</ActButton>
        }
        empty={wanted === "RUNNING" ? { title: text.noneRunning } : { title: text.noneStopped, detail: text.noneStoppedDetail }}
      />
      {stopping ? <StopTask cluster={cluster} task={stopping} onClose={() => { setStopping(null); }} /> : null}
    </>
  );
}

/** Stops a task; what its service does then is part of the effect. */
export function StopTask({ cluster, task, onClose }: { cluster: string; task: Task; onClose: () => void }) {
  const text = useText().tasks.stop;
  const target = useTarget();
  const id = nameOf(task.taskArn);
  const service = task.group?.startsWith("service:") ? task.group.slice("service:".length) : null;
  return (
    <Confirm
      title={text.title(id)}
      effect={service === null ? text.effect : text.effectOfService(service)}
      action={text.action}
      done={text.done(id)}
      perform={() => stopTask(target, cluster, id, text.reason)}
      onClose={onClose}
    />
  );
}

function useColumns(cluster: string, wanted: Wanted): TableProps.ColumnDefinition<Task>[] {
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
    { id: "status", header: words.status, cell: (task) => <Status of={task.lastStatus} />, sortingField: "lastStatus" },
    {
      id: "definition",
      header: words.definition,
      cell: (task) => {
        const { family, revision } = familyOf(task.taskDefinitionArn);
        return <Link href={href(paths.taskDefinition(family, revision))}>{nameOf(task.taskDefinitionArn)}</Link>;
      },
      sortingField: "taskDefinitionArn",
    },
    { id: "group", header: words.group, cell: (task) => task.group, sortingField: "group" },
  ];
  if (wanted === "STOPPED") {
    return [
      ...common,
      { id: "stopped", header: words.stoppedAt, cell: (task) => <Ago at={task.stoppedAt ?? task.stoppingAt} />, sortingField: "stoppedAt" },
      { id: "code", header: words.stopCode, cell: (task) => task.stopCode, sortingField: "stopCode" },
      { id: "reason", header: words.stopReason, cell: (task) => task.stoppedReason, sortingField: "stoppedReason" },
    ];
  }
  return [
    ...common,
    { id: "health", header: words.health, cell: (task) => <Status of={task.healthStatus} />, sortingField: "healthStatus" },
    { id: "zone", header: words.zone, cell: (task) => task.availabilityZone, sortingField: "availabilityZone" },
    { id: "address", header: words.address, cell: addressOf },
    { id: "started", header: words.startedAt, cell: (task) => <Ago at={task.startedAt ?? task.createdAt} />, sortingField: "startedAt" },
  ];
}

/** Its own private address, where it has one. */
export function addressOf(task: Task): string | undefined {
  const interfaces = task.attachments?.find((attachment) => attachment.type === "ElasticNetworkInterface");
  return interfaces?.details?.find((detail) => detail.name === "privateIPv4Address")?.value;
}
