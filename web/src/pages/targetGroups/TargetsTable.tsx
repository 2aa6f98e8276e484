import type { Task } from "@aws-sdk/client-ecs";
import type { TargetGroup, TargetHealthDescription } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { targetKey, taskReference } from "../../aws/balancedServices.ts";
import { elbName } from "../../aws/elb.ts";
import { deregisterTarget, registerTarget } from "../../aws/targetGroups.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useTargetHealth, useTargetTasks } from "../../live/elbQueries.ts";
import type { LiveQuery } from "../../live/useLive.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";

/** A target with its health, and its task if it belongs to one. */
interface TargetRow extends TargetHealthDescription {
  readonly task: Task | undefined;
}

const idOf = ({ Target: target }: TargetRow) => `${target?.Id ?? ""}:${target?.Port ?? 0}`;

/** The targets of a group with their health and their tasks. */
export function TargetsTable({ group }: { group: TargetGroup }) {
  const text = useText().targetGroups;
  const health = useTargetHealth(group.TargetGroupArn ?? "");
  const tasks = useTargetTasks(group).data;
  const query = { ...health, data: health.data?.map((one) => ({ ...one, task: tasks?.get(targetKey(group, one.Target)) })) } as LiveQuery<TargetRow[]>;
  const selection = useSelection(query, idOf);
  const [registering, setRegistering] = useState(false);
  const [deregistering, setDeregistering] = useState<TargetRow | null>(null);
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={text.target.title}
        filter={text.target.find}
        columns={useColumns()}
        selection={{ ...selection, label: idOf }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <SelectionButton item={selection.selected} onClick={setDeregistering}>{text.deregister.open}</SelectionButton>
            <Button onClick={() => { setRegistering(true); }}>{text.register.open}</Button>
          </SpaceBetween>
        }
        empty={{ title: text.target.none, detail: text.target.noneDetail }}
        wrap
      />
      {registering ? <RegisterTarget group={group} onClose={() => { setRegistering(false); }} onDone={query.reload} /> : null}
      {deregistering ? <DeregisterTarget group={group} row={deregistering} onClose={() => { setDeregistering(null); }} onDone={query.reload} /> : null}
    </>
  );
}

function useColumns(): TableProps.ColumnDefinition<TargetRow>[] {
  const text = useText();
  const words = text.targetGroups.target;
  return [
    { id: "id", header: words.id, cell: ({ Target: target }) => <TargetId id={target?.Id ?? ""} />, sortingComparator: byId, isRowHeader: true },
    { id: "port", header: words.port, cell: ({ Target: target }) => target?.Port },
    { id: "state", header: words.state, cell: ({ TargetHealth: health }) => <Status status={health?.State} />, sortingComparator: byState },
    { id: "reason", header: words.reason, cell: ({ TargetHealth: health }) => health?.Reason ?? text.parts.none },
    { id: "details", header: words.details, cell: ({ TargetHealth: health }) => health?.Description ?? text.parts.none },
    { id: "task", header: words.task, cell: (row) => <TaskLink row={row} /> },
    { id: "service", header: words.service, cell: (row) => <TaskServiceLink row={row} /> },
    { id: "zone", header: words.zone, cell: ({ Target: target }) => target?.AvailabilityZone ?? text.parts.none, minWidth: 110 },
  ];
}

function byId(a: TargetRow, b: TargetRow): number {
  return idOf(a).localeCompare(idOf(b));
}

function byState(a: TargetRow, b: TargetRow): number {
  return (a.TargetHealth?.State ?? "").localeCompare(b.TargetHealth?.State ?? "");
}

function TargetId({ id }: { id: string }) {
  return id.startsWith("arn:") ? <Link href={href(paths.loadBalancer(elbName(id)))}>{elbName(id)}</Link> : id;
}

function TaskLink({ row: { task } }: { row: TargetRow }) {
  const none = useText().parts.none;
  if (task === undefined) return none;
  const { cluster, task: id } = taskReference(task);
  return <Link href={href(paths.task(cluster, id))}>{id}</Link>;
}

function TaskServiceLink({ row: { task } }: { row: TargetRow }) {
  const none = useText().parts.none;
  const { cluster, service } = task === undefined ? { cluster: "", service: undefined } : taskReference(task);
  return service === undefined ? none : <Link href={href(paths.service(cluster, service))}>{service}</Link>;
}

interface DialogProps {
  readonly group: TargetGroup;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function RegisterTarget({ group, onClose, onDone }: DialogProps) {
  const text = useText();
  const words = text.targetGroups;
  const target = useTarget();
  const [id, setId] = useState("");
  const [port, setPort] = useState("");
  const type = group.TargetType === "instance" || group.TargetType === "alb" ? group.TargetType : "ip";
  return (
    <ConfirmDialog
      title={words.register.title(group.TargetGroupName ?? "")}
      effect={words.register.effect}
      action={words.register.action}
      done={words.register.done(id)}
      disabled={id.trim() === ""}
      perform={() => registerTarget(target, group.TargetGroupArn ?? "", { Id: id.trim(), ...(port === "" ? {} : { Port: Number(port) }) })}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label={words.target.id} constraintText={words.register.idDetail[type]}>
        <Input value={id} autoFocus ariaRequired onChange={({ detail }) => { setId(detail.value); }} />
      </FormField>
      <FormField label={<>{words.target.port} <i>– {text.parts.form.optional}</i></>} constraintText={words.register.portDetail}>
        <Input type="number" inputMode="numeric" value={port} onChange={({ detail }) => { setPort(detail.value); }} />
      </FormField>
    </ConfirmDialog>
  );
}

function DeregisterTarget({ group, row, onClose, onDone }: DialogProps & { readonly row: TargetRow }) {
  const text = useText().targetGroups.deregister;
  const target = useTarget();
  const { Id: id = "", Port: port, AvailabilityZone: zone } = row.Target ?? {};
  const service = row.task === undefined ? undefined : taskReference(row.task).service;
  return (
    <ConfirmDialog
      title={text.title(id)}
      effect={service === undefined ? text.effect : text.ofService(service)}
      action={text.action}
      done={text.done(id)}
      perform={() => deregisterTarget(target, group.TargetGroupArn ?? "", { Id: id, Port: port, AvailabilityZone: zone })}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
