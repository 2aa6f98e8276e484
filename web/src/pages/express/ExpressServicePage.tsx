import type { ECSExpressGatewayService } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { deleteExpressService } from "../../aws/expressServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useExpressService } from "../../live/queries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { TasksTable } from "../tasks/TasksTable.tsx";
import { ApplicationUrls } from "./ApplicationUrls.tsx";
import { configurationOf } from "./configuration.ts";
import { ConfigurationsTab } from "./ConfigurationsTab.tsx";
import { ResourcesTab } from "./ResourcesTab.tsx";

/** An Express service: its URL, the resources that ECS manages for it, and its active configurations. */
export default function ExpressServicePage() {
  const text = useText().express;
  const { cluster = "", service: name = "", tab } = useParams();
  const query = useExpressService(cluster, name);
  const [deleting, setDeleting] = useState(false);
  const isActive = query.data?.status?.statusCode === "ACTIVE";
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.expressServices }, { text: name }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.service(cluster, name))} disabled={!query.data}>{text.viewService}</Button>
              <Button disabled={!isActive} onClick={() => { setDeleting(true); }}>{text.delete}</Button>
              <Button variant="primary" href={href(paths.updateExpressService(cluster, name))} disabled={!isActive}>{text.update}</Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
        <QueryContent query={query}>
          {(service) => (
            <SpaceBetween size="l">
              <Overview service={service} />
              <ExpressTabs service={service} cluster={cluster} name={name} active={tab} reload={query.reload} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting ? <DeleteExpressService cluster={cluster} name={name} onClose={() => { setDeleting(false); }} onDone={query.reload} /> : null}
    </PageLayout>
  );
}

function Overview({ service }: { service: ECSExpressGatewayService }) {
  const text = useText().express;
  const { cluster = "", serviceName = "", currentDeployment: deployment, status } = service;
  const access = configurationOf(service).ingressPaths?.[0]?.accessType;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.status, value: <Status status={status?.statusCode} /> },
          { label: text.url, value: <ApplicationUrls service={service} /> },
          { label: text.access, value: access === undefined ? null : text.accessTypes[access] },
          { label: text.cluster, value: <Link href={href(paths.cluster(nameOf(cluster)))}>{nameOf(cluster)}</Link> },
          {
            label: text.deployment,
            value: deployment === undefined ? null : <Link href={href(paths.deployment(nameOf(cluster), serviceName, nameOf(deployment)))}>{nameOf(deployment)}</Link>,
          },
          { label: text.infrastructureRole, value: <CopyableValue value={service.infrastructureRoleArn} /> },
          { label: text.created, value: <Timestamp date={service.createdAt} /> },
          { label: text.updated, value: <Timestamp date={service.updatedAt} /> },
          { label: text.arn, value: <CopyableValue value={service.serviceArn} /> },
        ]}
      />
    </Container>
  );
}

interface ExpressTabsProps {
  readonly service: ECSExpressGatewayService;
  readonly cluster: string;
  readonly name: string;
  readonly active: string | undefined;
  readonly reload: () => void;
}

function ExpressTabs({ service, cluster, name, active, reload }: ExpressTabsProps) {
  const text = useText().express.tabs;
  const tabs = [
    { id: "resources", label: text.resources, content: <ResourcesTab service={service} /> },
    { id: "configurations", label: text.configurations, content: <ConfigurationsTab configurations={service.activeConfigurations ?? []} /> },
    { id: "tasks", label: text.tasks, content: <TasksTable cluster={cluster} service={name} /> },
    { id: "tags", label: text.tags, content: <EcsTags arn={service.serviceArn} tags={service.tags ?? []} onChanged={reload} /> },
  ];
  return <PathTabs label={name} tabs={tabs} active={active} path={(id) => paths.expressService(cluster, name, id)} />;
}

function DeleteExpressService({ cluster, name, onClose, onDone }: { cluster: string; name: string; onClose: () => void; onDone: () => void }) {
  const text = useText().express;
  const target = useTarget();
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      title={text.deleteTitle(name)}
      effect={text.deleteEffect}
      action={text.deleteAction}
      done={text.deleted(name)}
      confirmationWord={name}
      perform={() => deleteExpressService(target, cluster, name)}
      onClose={onClose}
      onDone={() => {
        onDone();
        void navigate(paths.expressServices);
      }}
    />
  );
}
