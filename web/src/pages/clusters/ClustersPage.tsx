import type { Cluster } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readClusters } from "../../aws/clusters.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";

/** All clusters of the account and region. */
export default function ClustersPage() {
  const text = useText().clusters;
  const target = useTarget();
  const found = useLive(["clusters"], [{ kind: "cluster" }, { kind: "service" }, { kind: "task" }], (signal) => readClusters(target, signal));
  const create = <Button variant="primary" href={href(paths.createCluster)}>{text.create}</Button>;
  return (
    <Frame title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        found={found}
        id={(cluster) => cluster.clusterArn ?? ""}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
      />
    </Frame>
  );
}

function useColumns(): TableProps.ColumnDefinition<Cluster>[] {
  const text = useText().clusters;
  return [
    {
      id: "name",
      header: text.name,
      cell: (cluster) => <Link href={href(paths.cluster(cluster.clusterName ?? ""))}>{cluster.clusterName}</Link>,
      sortingField: "clusterName",
      isRowHeader: true,
    },
    { id: "services", header: text.services, cell: (cluster) => cluster.activeServicesCount, sortingField: "activeServicesCount" },
    { id: "running", header: text.running, cell: (cluster) => cluster.runningTasksCount, sortingField: "runningTasksCount" },
    { id: "pending", header: text.pending, cell: (cluster) => cluster.pendingTasksCount, sortingField: "pendingTasksCount" },
    { id: "status", header: text.status, cell: (cluster) => cluster.status, sortingField: "status" },
  ];
}
