import type { Cluster } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { namespaceName } from "../../aws/namespaces.ts";
import { useText } from "../../i18n/useText.ts";
import { useClusters, useNamespaces } from "../../live/queries.ts";
import { TaskCounts } from "../../parts/TaskCounts.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

/** All clusters of the account and Region. */
export default function ClustersPage() {
  const text = useText().clusters;
  const create = <Button variant="primary" href={href(paths.createCluster)}>{text.create}</Button>;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={useClusters()}
        id={(cluster) => cluster.clusterArn ?? ""}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
      />
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<Cluster>[] {
  const text = useText();
  const namespaces = useNamespaces().data ?? [];
  return [
    {
      id: "name",
      header: text.clusters.name,
      cell: (cluster) => <Link href={href(paths.cluster(cluster.clusterName ?? ""))}>{cluster.clusterName}</Link>,
      sortingField: "clusterName",
      isRowHeader: true,
    },
    { id: "status", header: text.clusters.status, cell: (cluster) => <Status status={cluster.status} />, sortingField: "status" },
    { id: "services", header: text.clusters.services, cell: (cluster) => cluster.activeServicesCount, sortingField: "activeServicesCount" },
    {
      id: "tasks",
      header: text.clusters.tasks,
      cell: (cluster) => (
        <TaskCounts
          running={cluster.runningTasksCount}
          desired={(cluster.runningTasksCount ?? 0) + (cluster.pendingTasksCount ?? 0)}
          pending={cluster.pendingTasksCount}
        />
      ),
      sortingField: "runningTasksCount",
      minWidth: 180,
    },
    {
      id: "instances",
      header: text.clusters.instances,
      cell: (cluster) => cluster.registeredContainerInstancesCount,
      sortingField: "registeredContainerInstancesCount",
    },
    {
      id: "namespace",
      header: text.clusters.namespace,
      cell: (cluster) => namespaceName(namespaces, cluster.serviceConnectDefaults?.namespace) || text.parts.none,
    },
    { id: "insights", header: text.clusters.insights, cell: (cluster) => text.clusters.insightsValue[insightsOf(cluster)] },
  ];
}

export type Insights = "disabled" | "enabled" | "enhanced";

export function insightsOf(cluster: Cluster): Insights {
  const value = cluster.settings?.find((setting) => setting.name === "containerInsights")?.value;
  return value === "enabled" || value === "enhanced" ? value : "disabled";
}
