import type { Change, ChangeSetSummary } from "@aws-sdk/client-cloudformation";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { deleteChangeSet, executeChangeSet, readChanges, readChangeSets } from "../../aws/stacks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { StackState } from "./StackState.tsx";

type Action = "execute" | "delete";

/** The change sets of a stack; below them what executing the selected one would do. */
export function ChangeSetsTab({ stack }: { stack: string }) {
  const text = useText().stacks;
  const target = useTarget();
  const query = useLive(["change-sets", stack], [{ kind: "change-set" }], () => readChangeSets(target, stack));
  const [selectedId, select] = useState<string>();
  const [action, setAction] = useState<Action>();
  const selected = query.data?.find(({ ChangeSetId }) => ChangeSetId === selectedId);
  return (
    <SpaceBetween size="l">
      <LiveTable<ChangeSetSummary>
        query={query}
        id={({ ChangeSetId = "" }) => ChangeSetId}
        title={text.changeSets}
        empty={{ title: text.noChangeSets }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <Button disabled={!selected} onClick={() => { setAction("delete"); }}>{text.deleteChangeSet}</Button>
            <Button disabled={selected?.ExecutionStatus !== "AVAILABLE"} onClick={() => { setAction("execute"); }}>{text.execute}</Button>
          </SpaceBetween>
        }
        selection={{
          selected,
          select: (changeSet) => { select(changeSet?.ChangeSetId); },
          label: ({ ChangeSetName = "" }) => ChangeSetName,
        }}
        columns={[
          { id: "name", header: text.name, cell: ({ ChangeSetName }) => ChangeSetName, sortingField: "ChangeSetName", isRowHeader: true },
          { id: "status", header: text.status, cell: ({ Status: status }) => <StackState status={status} />, sortingField: "Status" },
          { id: "execution", header: text.execution, cell: ({ ExecutionStatus }) => <StackState status={ExecutionStatus} />, sortingField: "ExecutionStatus" },
          { id: "reason", header: text.reason, cell: ({ StatusReason = "" }) => StatusReason },
          { id: "created", header: text.created, cell: ({ CreationTime }) => <RelativeTime date={CreationTime} />, sortingField: "CreationTime" },
        ]}
      />
      {selected ? <Changes changeSet={selected} /> : null}
      {selected && action ? (
        <ChangeSetDialog key={action} changeSet={selected} action={action} onClose={() => { setAction(undefined); }} />
      ) : null}
    </SpaceBetween>
  );
}

function Changes({ changeSet: { ChangeSetId: id = "", ChangeSetName: name = "" } }: { changeSet: ChangeSetSummary }) {
  const text = useText().stacks;
  const target = useTarget();
  const query = useLive(["changes", id], [{ kind: "change-set" }], () => readChanges(target, id));
  return (
    <LiveTable<Change>
      query={query}
      id={({ ResourceChange }) => ResourceChange?.LogicalResourceId ?? ""}
      title={text.changesOf(name)}
      empty={{ title: text.noChanges }}
      columns={[
        { id: "logicalId", header: text.logicalId, cell: ({ ResourceChange }) => ResourceChange?.LogicalResourceId, isRowHeader: true },
        { id: "action", header: text.change, cell: ({ ResourceChange }) => ResourceChange?.Action },
        { id: "type", header: text.type, cell: ({ ResourceChange }) => ResourceChange?.ResourceType },
        { id: "replacement", header: text.replacement, cell: ({ ResourceChange }) => ResourceChange?.Replacement ?? "" },
      ]}
    />
  );
}

function ChangeSetDialog({ changeSet: { ChangeSetId: id = "", ChangeSetName: name = "" }, action, onClose }: { changeSet: ChangeSetSummary; action: Action; onClose: () => void }) {
  const text = useText().stacks;
  const target = useTarget();
  const isExecution = action === "execute";
  return (
    <ConfirmDialog
      title={isExecution ? text.executeTitle(name) : text.deleteChangeSetTitle(name)}
      effect={isExecution ? text.executeEffect : text.deleteChangeSetEffect}
      action={isExecution ? text.execute : text.deleteChangeSet}
      done={isExecution ? text.executed(name) : text.changeSetDeleted(name)}
      perform={() => (isExecution ? executeChangeSet(target, id) : deleteChangeSet(target, id))}
      onClose={onClose}
    />
  );
}
