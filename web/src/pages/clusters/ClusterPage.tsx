import type { Cluster } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { namespaceName } from "../../aws/namespaces.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useNamespaces } from "../../live/readings.ts";
import { Copied, Facts } from "../../parts/Facts.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { Shown } from "../../parts/Shown.tsx";
import { Status } from "../../parts/Status.tsx";
import { TagsTable } from "../../parts/Tags.tsx";
import { TasksTable } from "../tasks/TasksTable.tsx";
import { insightsOf } from "./ClustersPage.tsx";
import { DeleteCluster } from "./DeleteCluster.tsx";
import { InstancesTable } from "./InstancesTable.tsx";
import { ServicesTable } from "./ServicesTable.tsx";

/** One cluster: what is in it, and how it is set up. */
export default function ClusterPage() {
  const text = useText().clusters;
  const { cluster: name = "", tab } = useParams();
  const navigate = useNavigate();
  const found = useCluster(name);
  const [deleting, setDeleting] = useState(false);
  const tabs = [
    { id: "services", label: text.services, content: <ServicesTable cluster={name} /> },
    { id: "tasks", label: text.tasks, content: <TasksTable cluster={name} /> },
    { id: "instances", label: text.instances, content: <InstancesTable cluster={name} /> },
    { id: "tags", label: text.tags, content: <TagsTable tags={found.data?.tags ?? []} /> },
  ];
  return (
    <Frame title={name} breadcrumbs={[{ text: text.title, path: paths.clusters }, { text: name }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.editCluster(name))} disabled={!found.data}>{text.edit}</Button>
              <Button disabled={!found.data} onClick={() => { setDeleting(true); }}>{text.delete}</Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
        <Shown found={found}>
          {(cluster) => (
            <SpaceBetween size="l">
              <Overview cluster={cluster} />
              <PathTabs label={name} tabs={tabs} active={tab} path={(id) => paths.cluster(name, id)} />
            </SpaceBetween>
          )}
        </Shown>
      </SpaceBetween>
      {deleting ? (
        <DeleteCluster
          name={name}
          services={found.data?.activeServicesCount ?? 0}
          onClose={() => { setDeleting(false); }}
          onDone={() => { void navigate(paths.clusters); }}
        />
      ) : null}
    </Frame>
  );
}

function Overview({ cluster }: { cluster: Cluster }) {
  const text = useText().clusters;
  const namespaces = useNamespaces().data ?? [];
  const namespace = cluster.serviceConnectDefaults?.namespace;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Facts
        facts={[
          { label: text.arn, value: <Copied value={cluster.clusterArn} /> },
          { label: text.status, value: <Status of={cluster.status} /> },
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
