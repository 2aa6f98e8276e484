import type { DaemonDetail } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { readDaemons } from "../../aws/daemons.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";

/** The managed daemons of a cluster, each with how many of its tasks run. */
export function DaemonsTable({ cluster }: { cluster: string }) {
  const text = useText().daemons;
  const target = useTarget();
  const topics = [{ kind: "daemon", cluster }, { kind: "daemon-deployment", cluster }, { kind: "task", cluster }, { kind: "container-instance", cluster }];
  const query = useLive(["daemons", cluster], topics, (signal) => readDaemons(target, cluster, signal));
  return (
    <LiveTable
      query={query}
      id={({ daemonArn = "" }) => daemonArn}
      title={text.title}
      description={text.description}
      filter={text.find}
      empty={{ title: text.none, detail: text.noneDetail }}
      columns={[
        {
          id: "name",
          header: text.name,
          cell: ({ daemonArn }) => <Link href={href(paths.daemon(cluster, nameOf(daemonArn)))}>{nameOf(daemonArn)}</Link>,
          sortingField: "daemonArn",
          isRowHeader: true,
        },
        { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
        { id: "running", header: text.running, cell: (daemon) => runningOf(daemon) },
        { id: "without", header: text.without, cell: ({ currentRevisions }) => currentRevisions?.[0]?.totalWithoutDaemonCount },
        { id: "providers", header: text.providers, cell: ({ currentRevisions }) => currentRevisions?.[0]?.capacityProviders?.map(({ arn }) => nameOf(arn)).join(", ") },
        { id: "created", header: text.created, cell: ({ createdAt }) => <Timestamp date={createdAt} />, sortingField: "createdAt" },
        { id: "updated", header: text.updated, cell: ({ updatedAt }) => <Timestamp date={updatedAt} />, sortingField: "updatedAt" },
      ]}
    />
  );
}

/** The running tasks of all revisions. */
export function runningOf({ currentRevisions = [] }: DaemonDetail): number {
  return currentRevisions.reduce((sum, { totalRunningCount = 0 }) => sum + totalRunningCount, 0);
}
