import type { Service } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown, { type ButtonDropdownProps } from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type RefObject, useRef, useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { familyOf, nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { useService } from "../../live/queries.ts";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { TaskCounts } from "../../parts/TaskCounts.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { type PathTab, PathTabs } from "../../parts/PathTabs.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { TasksTable } from "../tasks/TasksTable.tsx";
import { TrafficHealth } from "../traffic/TrafficHealth.tsx";
import { type Action, ServiceAction } from "./actions.tsx";
import { ConfigurationTab } from "./ConfigurationTab.tsx";
import { ConnectTab } from "./ConnectTab.tsx";
import { DeploymentsTab } from "./DeploymentsTab.tsx";
import { HealthTab } from "./HealthTab.tsx";
import { HistoryTab } from "./HistoryTab.tsx";
import { LoadBalancingTab } from "./LoadBalancingTab.tsx";
import { ServiceAddresses } from "./ServiceAddresses.tsx";
import { ServiceLogsTab } from "./ServiceLogsTab.tsx";
import { StartFailures } from "./StartFailures.tsx";
import { TaskFindings } from "./TaskFindings.tsx";
import { clusterNameOf, isDeploying, primaryOf } from "./summary.ts";

/** A service: its state, its actions, and a tab for each aspect. */
export default function ServicePage() {
  const text = useText();
  const { cluster = "", service: name = "", tab } = useParams();
  const navigate = useNavigate();
  const query = useService(cluster, name);
  const [action, setAction] = useState<Action | null>(null);
  const menu = useRef<ButtonDropdownProps.Ref>(null);
  const crumbs = [
    { text: text.clusters.title, path: paths.clusters },
    { text: cluster, path: paths.cluster(cluster) },
    { text: text.services.title, path: paths.cluster(cluster) },
    { text: name },
  ];
  return (
    <PageLayout title={name} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={<Actions menu={menu} service={query.data} onAction={setAction} update={paths.updateService(cluster, name)} />}>
          {name}
        </Header>
        <QueryContent query={query}>
          {(service) => (
            <SpaceBetween size="l">
              <DeploymentAlert service={service} deployments={paths.service(cluster, name, "deployments")} />
              <StartFailures service={service} />
              <TaskFindings service={service} />
              <Overview service={service} />
              <ServiceTabs service={service} cluster={cluster} name={name} active={tab} reload={query.reload} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {query.data && action ? (
        <ServiceAction
          action={action}
          service={query.data}
          onClose={() => {
            setAction(null);
            menu.current?.focus(); // the menu item that opened the dialog no longer exists
          }}
          onDone={() => { if (action === "delete") void navigate(paths.cluster(cluster)); }}
        />
      ) : null}
    </PageLayout>
  );
}

interface ActionsProps {
  readonly menu: RefObject<ButtonDropdownProps.Ref | null>;
  readonly service: Service | undefined;
  readonly onAction: (action: Action) => void;
  readonly update: string;
}

function Actions({ menu, service, onAction, update }: ActionsProps) {
  const text = useText().services;
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <ButtonDropdown
        ref={menu}
        disabled={!service}
        items={[
          { id: "scale", text: text.scale.open },
          { id: "redeploy", text: text.redeploy.open },
          { id: "delete", text: text.delete.open },
        ]}
        onItemClick={({ detail }) => { onAction(detail.id as Action); }}
      >
        {text.actions}
      </ButtonDropdown>
      <Button variant="primary" href={href(update)} disabled={!service}>{text.update}</Button>
    </SpaceBetween>
  );
}

function DeploymentAlert({ service, deployments }: { service: Service; deployments: string }) {
  const text = useText().services;
  if (!isDeploying(service)) return null;
  const primary = primaryOf(service);
  return (
    <Alert
      type="info"
      header={text.deploymentInProgress}
      action={<Button href={href(deployments)}>{text.viewDeployment}</Button>}
    >
      <TaskCounts running={primary?.runningCount} desired={primary?.desiredCount} pending={primary?.pendingCount} failed={primary?.failedTasks} />
    </Alert>
  );
}

function Overview({ service }: { service: Service }) {
  const text = useText().services;
  const { family, revision } = familyOf(service.taskDefinition);
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.status, value: <Status status={service.status} /> },
          { label: text.tasks, value: <TaskCounts running={service.runningCount} desired={service.desiredCount} pending={service.pendingCount} /> },
          { label: text.lastDeployment, value: <Status status={primaryOf(service)?.rolloutState} /> },
          { label: text.definition, value: <Link href={href(paths.taskDefinition(family, revision))}>{nameOf(service.taskDefinition)}</Link> },
          { label: text.addresses, value: <ServiceAddresses service={service} /> },
          { label: text.strategy, value: text.strategies[service.deploymentConfiguration?.strategy ?? "ROLLING"] },
          { label: text.launchType, value: service.launchType ?? service.capacityProviderStrategy?.map((one) => one.capacityProvider).join(", ") },
          service.resourceManagementType === "ECS"
            ? { label: text.express, value: <Link href={href(paths.expressService(clusterNameOf(service), service.serviceName ?? ""))}>{service.serviceName}</Link> }
            : null,
          { label: text.createdAt, value: <Timestamp date={service.createdAt} /> },
          { label: text.arn, value: <CopyableValue value={service.serviceArn} /> },
        ]}
      />
    </Container>
  );
}

function ServiceTabs({ service, cluster, name, active, reload }: { service: Service; cluster: string; name: string; active: string | undefined; reload: () => void }) {
  const text = useText().services.tabs;
  const tabs: PathTab[] = [
    { id: "health", formerIds: ["traffic"], label: text.health, content: <SpaceBetween size="xl"><HealthTab service={service} cluster={cluster} /><TrafficHealth cluster={cluster} service={name} /></SpaceBetween> },
    { id: "tasks", label: text.tasks, content: <TasksTable cluster={cluster} service={name} /> },
    { id: "connect", label: text.connect, content: <ConnectTab service={service} /> },
    { id: "logs", label: text.logs, content: <ServiceLogsTab service={service} cluster={cluster} /> },
    { id: "deployments", label: text.deployments, content: <DeploymentsTab service={service} cluster={cluster} /> },
    { id: "timeline", formerIds: ["events"], label: text.timeline, content: <HistoryTab service={service} /> },
    { id: "configuration", formerIds: ["load-balancing"], label: text.configuration, content: <SpaceBetween size="l"><ConfigurationTab service={service} /><LoadBalancingTab service={service} /></SpaceBetween> },
    { id: "tags", label: text.tags, content: <EcsTags arn={service.serviceArn} tags={service.tags ?? []} onChanged={reload} /> },
  ];
  return <PathTabs label={name} tabs={tabs} active={active} path={(id) => paths.service(cluster, name, id)} />;
}
