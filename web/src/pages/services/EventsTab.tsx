import type { Service, ServiceEvent } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import type { LiveQuery } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { clusterNameOf } from "./summary.ts";

/** The last hundred events of a service, newest first, with links to tasks. */
export function EventsTab({ service }: { service: Service }) {
  const text = useText().services.events;
  const events = service.events ?? [];
  const query: LiveQuery<readonly ServiceEvent[]> = { status: "ready", data: events, error: undefined, reload: () => undefined };
  const cluster = clusterNameOf(service);
  return (
    <LiveTable
      query={query}
      unsorted
      wrap
      id={(event) => event.id ?? ""}
      title={text.title}
      filter={text.find}
      empty={{ title: text.empty }}
      columns={[
        { id: "at", header: text.at, cell: (event) => <Timestamp date={event.createdAt} />, sortingField: "createdAt", width: 220 },
        { id: "message", header: text.message, cell: (event) => linkTasks(event.message ?? "", cluster), sortingField: "message" },
      ]}
    />
  );
}

/** An event message with each `(task ID)` as a link. */
export function linkTasks(message: string, cluster: string): ReactNode[] {
  return message.split(/(\(task [0-9a-f]{32}\))/).map((part, index) => {
    const id = /^\(task ([0-9a-f]{32})\)$/.exec(part)?.[1];
    return id === undefined ? part : <Link key={`${index}-${id}`} href={href(paths.task(cluster, id))}>{part}</Link>;
  });
}
