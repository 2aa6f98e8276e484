import type { Service } from "@aws-sdk/client-ecs";
import Badge from "@cloudscape-design/components/badge";
import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readAlarmHistory } from "../../aws/alarms.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useDeployments, useTasks } from "../../live/queries.ts";
import { type LiveQuery, useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { statusText } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { historyOf, type HistoryItem } from "./history.ts";
import { clusterNameOf } from "./summary.ts";

/** What happened to a service, newest first: deployments, events, stopped tasks and alarms, with links. */
export function HistoryTab({ service }: { service: Service }) {
  const text = useText().services.history;
  const target = useTarget();
  const cluster = clusterNameOf(service);
  const name = service.serviceName ?? "";
  const { alarms } = service.deploymentConfiguration ?? {};
  const names = alarms?.enable ? (alarms.alarmNames ?? []) : [];
  const deployments = useDeployments(cluster, name).data ?? [];
  const stopped = useTasks({ cluster, serviceName: name, desiredStatus: "STOPPED" }).data ?? [];
  const history = useLive(["alarm-history", ...names], [{ kind: "alarm" }], (signal) => readAlarmHistory(target, names, signal)).data ?? [];
  const items = historyOf(service, deployments, stopped, history);
  const query: LiveQuery<readonly HistoryItem[]> = { status: "ready", data: items, error: undefined, reload: () => undefined };
  return (
    <LiveTable
      query={query}
      unsorted
      wrap
      id={(item) => `${item.kind} ${item.id}`}
      title={text.title}
      filter={text.find}
      empty={{ title: text.empty }}
      columns={[
        { id: "at", header: text.at, cell: (item) => <Timestamp date={item.time} />, sortingField: "time", width: 220 },
        { id: "kind", header: text.kind, cell: (item) => <Badge>{text.kinds[item.kind]}</Badge>, sortingField: "kind", width: 140 },
        { id: "message", header: text.message, cell: (item) => <Message item={item} cluster={cluster} service={name} />, sortingField: "message" },
      ]}
    />
  );
}

function Message({ item: { kind, message, subject = "" }, cluster, service }: { item: HistoryItem; cluster: string; service: string }) {
  if (kind === "event") return linkTasks(message, cluster);
  if (kind === "stop") return <><Link href={href(paths.task(cluster, subject))}>{subject.slice(0, 12)}…</Link> {message}</>;
  if (kind === "alarm") return <><Link href={href(paths.alarm(subject))}>{subject}</Link> {message}</>;
  const [status = "", ...reason] = message.split(": ");
  return <><Link href={href(paths.deployment(cluster, service, subject))}>{subject}</Link> {[statusText(status), ...reason].join(": ")}</>;
}

/** An event message with each `(task ID)` as a link. */
export function linkTasks(message: string, cluster: string): ReactNode[] {
  return message.split(/(\(task [0-9a-f]{32}\))/).map((part, index) => {
    const id = /^\(task ([0-9a-f]{32})\)$/.exec(part)?.[1];
    return id === undefined ? part : <Link key={`${index}-${id}`} href={href(paths.task(cluster, id))}>{part}</Link>;
  });
}
