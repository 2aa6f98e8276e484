import type { Cluster } from "@aws-sdk/client-ecs";
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
import { deleteCluster } from "../../aws/clusters.ts";
import { namespaceName } from "../../aws/namespaces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useNamespaces } from "../../live/queries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { DaemonsTable } from "../daemons/DaemonsTable.tsx";
import { TasksTable } from "../tasks/TasksTable.tsx";
import { insightsOf } from "./ClustersPage.tsx";
import { ContainerInstancesTable } from "./ContainerInstancesTable.tsx";
import { ServicesTable } from "./ServicesTable.tsx";

/** A cluster with its services, tasks, container instances and tags. */
export default function ClusterPage() {
  const text = useText().clusters;
  const { cluster: name = "", tab } = useParams();
  const navigate = useNavigate();
  const query = useCluster(name);
  const [deleting, setDeleting] = useState(false);
  const tabs = [
    { id: "services", label: text.services, content: <ServicesTable cluster={name} /> },
    { id: "tasks", label: text.tasks, content: <TasksTable cluster={name} /> },
    { id: "instances", label: text.instances, content: <ContainerInstancesTable cluster={name} /> },
    { id: "daemons", label: text.daemons, content: <DaemonsTable cluster={name} /> },
    { id: "tags", label: text.tags, content: <EcsTags arn={query.data?.clusterArn} tags={query.data?.tags ?? []} onChanged={query.reload} /> },
  ];
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.clusters }, { text: name }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.editCluster(name))} disabled={!query.data}>{text.edit}</Button>
              <Button disabled={!query.data} onClick={() => { setDeleting(true); }}>{text.delete}</Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
        <QueryContent query={query}>
          {(cluster) => (
            <SpaceBetween size="l">
              <Overview cluster={cluster} />
              <PathTabs label={name} tabs={tabs} active={tab} path={(id) => paths.cluster(name, id)} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting ? (
        <DeleteCluster
          name={name}
          services={query.data?.activeServicesCount ?? 0}
          onClose={() => { setDeleting(false); }}
          onDone={() => { void navigate(paths.clusters); }}
        />
      ) : null}
    </PageLayout>
  );
}

function Overview({ cluster }: { cluster: Cluster }) {
  const text = useText().clusters;
  const namespaces = useNamespaces().data ?? [];
  const namespace = cluster.serviceConnectDefaults?.namespace;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.arn, value: <CopyableValue value={cluster.clusterArn} /> },
          { label: text.status, value: <Status status={cluster.status} /> },
          {
            label: text.namespace,
            value: namespace ? <Link href={href(paths.namespace(namespace.split("/").at(-1) ?? ""))}>{namespaceName(namespaces, namespace)}</Link> : null,
          },
          { label: text.insights, value: text.insightsValue[insightsOf(cluster)] },
          { label: text.services, value: cluster.activeServicesCount },
          { label: text.running, value: cluster.runningTasksCount },
          { label: text.pending, value: cluster.pendingTasksCount },
          { label: text.instances, value: cluster.registeredContainerInstancesCount },
        ]}
      />
    </Container>
  );
}

interface DeleteClusterProps {
  readonly name: string;
  readonly services: number;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Deletes a cluster. The API deletes only an empty cluster, so the dialog warns if there are services. */
function DeleteCluster({ name, services, onClose, onDone }: DeleteClusterProps) {
  const text = useText().clusters;
  const target = useTarget();
  return (
    <ConfirmDialog
      title={text.deleteTitle(name)}
      effect={services > 0 ? text.deleteNotEmpty(services) : text.deleteEffect}
      action={text.delete}
      done={text.deleted(name)}
      confirmationWord={name}
      perform={() => deleteCluster(target, name)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
