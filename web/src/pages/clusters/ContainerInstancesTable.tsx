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
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

type InstanceAction = "drain" | "activate";

const idOf = (instance: ContainerInstance) => instance.containerInstanceArn ?? "";

/** The container instances of a cluster with their available CPU and memory. */
export function ContainerInstancesTable({ cluster }: { cluster: string }) {
  const text = useText().instances;
  const target = useTarget();
  const topics = [{ kind: "container-instance", cluster }, { kind: "task", cluster }];
  const query = useLive(["container-instances", cluster], topics, (signal) => readContainerInstances(target, cluster, signal));
  const selection = useSelection(query, idOf);
  const [dialog, setDialog] = useState<{ action: InstanceAction; instance: ContainerInstance } | null>(null);
  const actionButton = (action: InstanceAction, from: string) => (
    <SelectionButton item={selection.selected} isEnabled={({ status }) => status === from} onClick={(instance) => { setDialog({ action, instance }); }}>
      {text[action].open}
    </SelectionButton>
  );
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        selection={{ ...selection, label: (instance) => nameOf(instance.containerInstanceArn) }}
        actions={<SpaceBetween size="xs" direction="horizontal">{actionButton("activate", "DRAINING")}{actionButton("drain", "ACTIVE")}</SpaceBetween>}
        empty={{ title: text.none, detail: text.noneDetail }}
      />
      {dialog ? <InstanceDialog cluster={cluster} {...dialog} onClose={() => { setDialog(null); }} onDone={query.reload} /> : null}
    </>
  );
}

interface InstanceDialogProps {
  readonly cluster: string;
  readonly action: InstanceAction;
  readonly instance: ContainerInstance;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function InstanceDialog({ cluster, action, instance, ...callbacks }: InstanceDialogProps) {
  const text = useText().instances;
  const target = useTarget();
  const id = nameOf(instance.containerInstanceArn);
  const tasks = (instance.runningTasksCount ?? 0) + (instance.pendingTasksCount ?? 0);
  return (
    <ConfirmDialog
      {...callbacks}
      title={text[action].title(id)}
      effect={action === "drain" ? text.drain.effect(tasks) : text.activate.effect}
      action={text[action].action}
      done={text[action].done(id)}
      perform={() => setInstanceState(target, cluster, id, action === "drain" ? "DRAINING" : "ACTIVE")}
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
    { id: "status", header: words.status, cell: (instance) => <Status status={instance.status} />, sortingField: "status" },
    {
      id: "agent",
      header: words.agent,
      cell: ({ agentConnected }) => (
        <StatusIndicator type={agentConnected ? "success" : "error"}>{agentConnected ? words.connected : words.notConnected}</StatusIndicator>
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
