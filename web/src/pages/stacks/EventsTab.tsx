import type { StackEvent } from "@aws-sdk/client-cloudformation";
import { readStackEvents } from "../../aws/stacks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { StackState } from "./StackState.tsx";

/** The events of a stack, newest first, as they happen. */
export function EventsTab({ stack }: { stack: string }) {
  const text = useText().stacks;
  const target = useTarget();
  const query = useLive(["stack-events", stack], [{ kind: "stack" }, { kind: "stack-resource" }], (signal) => readStackEvents(target, stack, signal));
  return (
    <LiveTable<StackEvent>
      query={query}
      unsorted
      wrap
      id={({ EventId = "" }) => EventId}
      title={text.events}
      filter={text.findEvents}
      empty={{ title: text.noEvents }}
      columns={[
        { id: "at", header: text.at, cell: (event) => <Timestamp date={event.Timestamp} />, width: 200 },
        { id: "logicalId", header: text.logicalId, cell: ({ LogicalResourceId }) => LogicalResourceId, width: 260, isRowHeader: true },
        { id: "status", header: text.status, cell: ({ ResourceStatus }) => <StackState status={ResourceStatus} />, width: 280 },
        { id: "reason", header: text.reason, cell: ({ ResourceStatusReason = "" }) => ResourceStatusReason },
      ]}
    />
  );
}
