import type { Service } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { definitionOf, familyOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { useServices } from "../../live/queries.ts";
import { TaskCounts } from "../../parts/TaskCounts.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { type Action, ServiceAction } from "../services/actions.tsx";
import { primaryOf } from "../services/summary.ts";

const idOf = (service: Service) => service.serviceArn ?? "";

/** The services of a cluster, with actions on the selected one. */
export function ServicesTable({ cluster }: { cluster: string }) {
  const text = useText().services;
  const [action, setAction] = useState<Action | null>(null);
  const query = useServices(cluster);
  const selection = useSelection(query, idOf);
  const create = <Button variant="primary" href={href(paths.createService(cluster))}>{text.create}</Button>;
  const button = (kind: Action) => (
    <SelectionButton item={selection.selected} onClick={() => { setAction(kind); }}>{text[kind].open}</SelectionButton>
  );
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={text.title}
        filter={text.find}
        columns={useColumns(cluster)}
        selection={{ ...selection, label: (service) => service.serviceName ?? "" }}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            {button("scale")}
            {button("redeploy")}
            {button("delete")}
            {create}
          </SpaceBetween>
        }
      />
      {selection.selected && action ? <ServiceAction action={action} service={selection.selected} onClose={() => { setAction(null); }} /> : null}
    </>
  );
}

function useColumns(cluster: string): TableProps.ColumnDefinition<Service>[] {
  const text = useText().services;
  return [
    {
      id: "name",
      header: text.name,
      cell: (service) => <Link href={href(paths.service(cluster, service.serviceName ?? ""))}>{service.serviceName}</Link>,
      sortingField: "serviceName",
      isRowHeader: true,
    },
    { id: "status", header: text.status, cell: (service) => <Status status={service.status} />, sortingField: "status" },
    {
      id: "tasks",
      header: text.tasks,
      cell: (service) => <TaskCounts running={service.runningCount} desired={service.desiredCount} pending={service.pendingCount} />,
      minWidth: 190,
    },
    { id: "deployment", header: text.lastDeployment, cell: (service) => <Status status={primaryOf(service)?.rolloutState} /> },
    {
      id: "definition",
      header: text.definition,
      cell: (service) => {
        const { family, revision } = familyOf(service.taskDefinition);
        return <Link href={href(paths.taskDefinition(family, revision))}>{definitionOf(service.taskDefinition)}</Link>;
      },
      sortingField: "taskDefinition",
    },
    { id: "strategy", header: text.strategy, cell: (service) => text.strategies[service.deploymentConfiguration?.strategy ?? "ROLLING"] },
    { id: "launch", header: text.launchType, cell: (service) => service.launchType ?? service.capacityProviderStrategy?.[0]?.capacityProvider },
  ];
}
