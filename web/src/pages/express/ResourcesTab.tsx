import type { ECSExpressGatewayService } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { readManagedResources } from "../../aws/expressServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { mapQuery, useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { CopyableValue } from "../../parts/Properties.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { configurationOf } from "./configuration.ts";
import { managedResources } from "./managedResources.ts";

const TOPICS = [{ kind: "service-revision" }, { kind: "ingress-path" }, { kind: "load-balancer" }, { kind: "target-group" }, { kind: "scaling" }, { kind: "alarm" }, { kind: "minute" }];

/** The resources that ECS manages for a service, each with its status. */
export function ResourcesTab({ service }: { service: ECSExpressGatewayService }) {
  const text = useText().express;
  const target = useTarget();
  const revision = configurationOf(service).serviceRevisionArn;
  const query = useLive(["express-resources", revision], TOPICS, (signal) => readManagedResources(target, revision, signal));
  return (
    <LiveTable
      query={mapQuery(query, managedResources)}
      unsorted
      id={({ type, arn, name }) => `${type} ${arn ?? name}`}
      title={text.tabs.resources}
      description={text.resourcesDetail}
      filter={text.findResources}
      empty={{ title: text.noResources }}
      columns={[
        { id: "type", header: text.type, cell: ({ type }) => text.types[type], isRowHeader: true },
        { id: "name", header: text.resource, cell: ({ name, path }) => (path === undefined ? name : <Link href={href(path)}>{name}</Link>) },
        { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
        { id: "reason", header: text.reason, cell: ({ statusReason }) => statusReason },
        { id: "updated", header: text.updated, cell: ({ updatedAt }) => <Timestamp date={updatedAt} />, sortingField: "updatedAt" },
        { id: "arn", header: text.arn, cell: ({ arn }) => <CopyableValue value={arn} /> },
      ]}
    />
  );
}
