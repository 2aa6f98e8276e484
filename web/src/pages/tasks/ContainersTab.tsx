import type { Container as TaskContainer, ContainerDefinition, Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import type { TableProps } from "@cloudscape-design/components/table";
import { useText } from "../../i18n/useText.ts";
import { useDefinition } from "../../live/readings.ts";
import type { Found } from "../../live/useLive.ts";
import { Copied } from "../../parts/Facts.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

interface Row {
  readonly container: TaskContainer;
  /** None for Service Connect's proxy, which nobody defines. */
  readonly definition: ContainerDefinition | undefined;
}

/** The task's containers: how each stands, what it runs, where it listens, and how it ended. */
export function ContainersTab({ found, task }: { found: Found<Task>; task: Task }) {
  const text = useText().task.container;
  const definitions = useDefinition(task.taskDefinitionArn).data?.containerDefinitions ?? [];
  const rows = (task.containers ?? []).map((container) => ({
    container,
    definition: definitions.find((one) => one.name === container.name),
  }));
  const columns = useColumns();
  const ended = rows.some(({ container }) => container.exitCode !== undefined || container.reason !== undefined);
  return (
    <LiveTable
      found={{ ...found, status: "ready", data: rows, error: undefined }}
      id={({ container }) => container.containerArn ?? container.name ?? ""}
      title={text.title}
      columns={columns.filter(({ id }) => ended || (id !== "exitCode" && id !== "reason"))}
      empty={{ title: text.empty }}
    />
  );
}

function useColumns(): TableProps.ColumnDefinition<Row>[] {
  const text = useText();
  const words = text.task.container;
  return [
    {
      id: "name",
      header: words.name,
      cell: ({ container, definition }) => (
        <>
          {container.name}
          {definition === undefined && container.name?.startsWith("ecs-service-connect-") ? (
            <Box color="text-body-secondary" fontSize="body-s">{words.ofServiceConnect}</Box>
          ) : null}
        </>
      ),
      sortingComparator: byName,
      isRowHeader: true,
    },
    { id: "status", header: words.status, cell: ({ container }) => <Status of={container.lastStatus} /> },
    { id: "health", header: words.health, cell: ({ container }) => <Status of={container.healthStatus} /> },
    { id: "exitCode", header: words.exitCode, cell: ({ container }) => container.exitCode ?? text.parts.none },
    { id: "reason", header: words.reason, cell: ({ container }) => container.reason ?? text.parts.none },
    { id: "ports", header: words.ports, cell: (row) => portsOf(row).join(", ") || text.parts.none },
    { id: "essential", header: words.essential, cell: ({ definition }) => (definition?.essential === false ? words.no : words.yes) },
    { id: "image", header: words.image, cell: ({ container }) => container.image ?? text.parts.none },
    { id: "digest", header: words.digest, cell: ({ container }) => <Copied value={container.imageDigest} /> },
  ];
}

function byName(a: Row, b: Row): number {
  return (a.container.name ?? "").localeCompare(b.container.name ?? "");
}

/** The ports that it listens at, with the names that Service Connect knows them by, and where they are bound. */
export function portsOf({ container, definition }: Row): string[] {
  const bound = container.networkBindings ?? [];
  if (bound.length > 0) {
    return bound.map((one) => `${one.bindIP ?? ""}:${one.hostPort ?? one.hostPortRange ?? ""} → ${one.containerPort ?? one.containerPortRange ?? ""}/${one.protocol ?? "tcp"}`);
  }
  return (definition?.portMappings ?? []).map(
    (one) => `${one.containerPort ?? one.containerPortRange ?? ""}/${one.protocol ?? "tcp"}${one.name ? ` (${one.name})` : ""}`,
  );
}
