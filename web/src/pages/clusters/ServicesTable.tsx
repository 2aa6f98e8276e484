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
import { useServices } from "../../live/readings.ts";
import { Counts } from "../../parts/Counts.tsx";
import { ActButton, useChoice } from "../../parts/Choice.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { type Action, ServiceAction } from "../services/actions.tsx";
import { primaryOf } from "../services/summary.ts";

const idOf = (service: Service) => service.serviceArn ?? "";

/** A cluster's services, with what one does to a service without opening its page. */
export function ServicesTable({ cluster }: { cluster: string }) {
  const text = useText().services;
  const [action, setAction] = useState<Action | null>(null);
  const found = useServices(cluster);
  const choice = useChoice(found, idOf);
  const create = <Button variant="primary" href={href(paths.createService(cluster))}>{text.create}</Button>;
  const button = (kind: Action) => (
    <ActButton on={choice.chosen} act={() => { setAction(kind); }}>{text[kind].open}</ActButton>
  );
  return (
    <>
      <LiveTable
        found={found}
        id={idOf}
        title={text.title}
        filter={text.find}
        columns={useColumns(cluster)}
        selection={{ ...choice, label: (service) => service.serviceName ?? "" }}
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
      {choice.chosen && action ? <ServiceAction action={action} service={choice.chosen} onClose={() => { setAction(null); }} /> : null}
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
    { id: "status", header: text.status, cell: (service) => <Status of={service.status} />, sortingField: "status" },
    {
      id: "tasks",
      header: text.tasks,
      cell: (service) => <Counts running={service.runningCount} desired={service.desiredCount} pending={service.pendingCount} />,
      minWidth: 190,
    },
    { id: "deployment", header: text.lastDeployment, cell: (service) => <Status of={primaryOf(service)?.rolloutState} /> },
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
