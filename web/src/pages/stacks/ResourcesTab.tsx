import type { StackResourceSummary } from "@aws-sdk/client-cloudformation";
import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { readStackResources } from "../../aws/stacks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { resourcePath } from "./resourcePath.ts";
import { StackState } from "./StackState.tsx";

/** The resources of a stack, with links to the pages of those that have one. */
export function ResourcesTab({ stack }: { stack: string }) {
  const text = useText().stacks;
  const target = useTarget();
  const query = useLive(["stack-resources", stack], [{ kind: "stack-resource" }], () => readStackResources(target, stack));
  return (
    <LiveTable<StackResourceSummary>
      query={query}
      wrap
      id={({ LogicalResourceId = "" }) => LogicalResourceId}
      title={text.resources}
      filter={text.findResources}
      empty={{ title: text.noResources }}
      columns={[
        { id: "logicalId", header: text.logicalId, cell: ({ LogicalResourceId }) => LogicalResourceId, sortingField: "LogicalResourceId", isRowHeader: true },
        { id: "physicalId", header: text.physicalId, cell: (resource) => <PhysicalId resource={resource} />, sortingField: "PhysicalResourceId" },
        { id: "type", header: text.type, cell: ({ ResourceType }) => ResourceType, sortingField: "ResourceType" },
        { id: "status", header: text.status, cell: ({ ResourceStatus }) => <StackState status={ResourceStatus} />, sortingField: "ResourceStatus" },
        { id: "updated", header: text.changed, cell: ({ LastUpdatedTimestamp }) => <RelativeTime date={LastUpdatedTimestamp} />, sortingField: "LastUpdatedTimestamp" },
      ]}
    />
  );
}

function PhysicalId({ resource: { PhysicalResourceId: id = "", ResourceType: type } }: { resource: StackResourceSummary }) {
  const path = resourcePath(type, id);
  return path === undefined ? <span style={{ overflowWrap: "anywhere" }}>{id}</span> : <Link href={href(path)}>{id}</Link>;
}
