import type { ContainerInstance } from "@aws-sdk/client-ecs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { readContainerInstances, setInstanceState } from "../../aws/containerInstances.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { ActButton, useChoice } from "../../parts/Choice.tsx";
import { Confirm } from "../../parts/Confirm.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

type Turn = "drain" | "activate";

const idOf = (instance: ContainerInstance) => instance.containerInstanceArn ?? "";

/** The container instances of a cluster, and what they have left. */
export function InstancesTable({ cluster }: { cluster: string }) {
  const text = useText().instances;
  const target = useTarget();
  const topics = [{ kind: "container-instance", cluster }, { kind: "task", cluster }];
  const found = useLive(["container-instances", cluster], topics, (signal) => readContainerInstances(target, cluster, signal));
  const choice = useChoice(found, idOf);
  const [turning, setTurning] = useState<{ turn: Turn; instance: ContainerInstance } | null>(null);
  const action = (turn: Turn, from: string) => (
    <ActButton on={choice.chosen} possible={({ status }) => status === from} act={(instance) => { setTurning({ turn, instance }); }}>
      {text[turn].open}
    </ActButton>
  );
  return (
    <>
      <LiveTable
        found={found}
        id={idOf}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        selection={{ ...choice, label: (instance) => nameOf(instance.containerInstanceArn) }}
        actions={<SpaceBetween size="xs" direction="horizontal">{action("activate", "DRAINING")}{action("drain", "ACTIVE")}</SpaceBetween>}
        empty={{ title: text.none, detail: text.noneDetail }}
      />
      {turning ? <TurnInstance cluster={cluster} {...turning} onClose={() => { setTurning(null); }} onDone={found.reload} /> : null}
    </>
  );
}

interface TurnInstanceProps {
  readonly cluster: string;
  readonly turn: Turn;
  readonly instance: ContainerInstance;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function TurnInstance({ cluster, turn, instance, ...ends }: TurnInstanceProps) {
  const text = useText().instances;
  const target = useTarget();
  const id = nameOf(instance.containerInstanceArn);
  const tasks = (instance.runningTasksCount ?? 0) + (instance.pendingTasksCount ?? 0);
  return (
    <Confirm
      {...ends}
      title={text[turn].title(id)}
      effect={turn === "drain" ? text.drain.effect(tasks) : text.activate.effect}
      action={text[turn].action}
      done={text[turn].done(id)}
      perform={() => setInstanceState(target, cluster, id, turn === "drain" ? "DRAINING" : "ACTIVE")}
    />
  );
}

function useColumns(): TableProps.ColumnDefinition<ContainerInstance>[] {
  const text = useText();
  const words = text.instances;
  const amounts = (instance: ContainerInstance, name: "CPU" | "MEMORY") =>
    words.of(amountOf(instance.remainingResources, name), amountOf(instance.registeredResources, name));
  return [
    {
      id: "id",
      header: words.id,
      cell: (instance) => nameOf(instance.containerInstanceArn),
      sortingField: "containerInstanceArn",
      isRowHeader: true,
    },
    { id: "machine", header: words.machine, cell: (instance) => instance.ec2InstanceId ?? text.parts.none, sortingField: "ec2InstanceId" },
    { id: "zone", header: words.zone, cell: (instance) => zoneOf(instance) ?? text.parts.none },
    { id: "status", header: words.status, cell: (instance) => <Status of={instance.status} />, sortingField: "status" },
    {
      id: "agent",
      header: words.agent,
      cell: ({ agentConnected }) => (
        <StatusIndicator type={agentConnected ? "success" : "error"}>{agentConnected ? words.connected : words.away}</StatusIndicator>
      ),
      sortingField: "agentConnected",
    },
    { id: "running", header: words.running, cell: (instance) => instance.runningTasksCount, sortingField: "runningTasksCount" },
    { id: "pending", header: words.pending, cell: (instance) => instance.pendingTasksCount, sortingField: "pendingTasksCount" },
    { id: "cpu", header: words.cpu, cell: (instance) => amounts(instance, "CPU") },
    { id: "memory", header: words.memory, cell: (instance) => amounts(instance, "MEMORY") },
  ];
}

function amountOf(resources: ContainerInstance["remainingResources"], name: string): number {
  return resources?.find((one) => one.name === name)?.integerValue ?? 0;
}

function zoneOf(instance: ContainerInstance): string | undefined {
  return instance.attributes?.find((one) => one.name === "ecs.availability-zone")?.value;
}
