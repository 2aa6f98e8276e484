import type { Service, ServiceEvent } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import type { Found } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { At } from "../../parts/Moment.tsx";
import { clusterNameOf } from "./summary.ts";

/** The service's last hundred events, newest first; tasks in them lead to their pages. */
export function EventsTab({ service }: { service: Service }) {
  const text = useText().services.events;
  const events = service.events ?? [];
  const found: Found<readonly ServiceEvent[]> = { status: "ready", data: events, error: undefined, reload: () => undefined };
  const cluster = clusterNameOf(service);
  return (
    <LiveTable
      found={found}
      unsorted
      wrap
      id={(event) => event.id ?? ""}
      title={text.title}
      filter={text.find}
      empty={{ title: text.empty }}
      columns={[
        { id: "at", header: text.at, cell: (event) => <At at={event.createdAt} />, sortingField: "createdAt", width: 220 },
        { id: "message", header: text.message, cell: (event) => linked(event.message ?? "", cluster), sortingField: "message" },
      ]}
    />
  );
}

/** The message, with each `(task ID)` as a link. */
export function linked(message: string, cluster: string): ReactNode[] {
  return message.split(/(\(task [0-9a-f]{32}\))/).map((part, at) => {
    const id = /^\(task ([0-9a-f]{32})\)$/.exec(part)?.[1];
    return id === undefined ? part : <Link key={`${at}-${id}`} href={href(paths.task(cluster, id))}>{part}</Link>;
  });
}
