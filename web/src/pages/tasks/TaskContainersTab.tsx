import type { Container as TaskContainer, ContainerDefinition, Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import type { TableProps } from "@cloudscape-design/components/table";
import { useText } from "../../i18n/useText.ts";
import { useDefinition } from "../../live/queries.ts";
import type { LiveQuery } from "../../live/useLive.ts";
import { CopyableValue } from "../../parts/Properties.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

interface Row {
  readonly container: TaskContainer;
  /** Undefined for the Service Connect proxy, which no task definition contains. */
  readonly definition: ContainerDefinition | undefined;
}

/** The containers of a task with their status, ports, images and exit codes. */
export function TaskContainersTab({ query, task }: { query: LiveQuery<Task>; task: Task }) {
  const text = useText().task.container;
  const definitions = useDefinition(task.taskDefinitionArn).data?.containerDefinitions ?? [];
  const rows = (task.containers ?? []).map((container) => ({
    container,
    definition: definitions.find((one) => one.name === container.name),
  }));
  const columns = useColumns();
  const hasStopped = rows.some(({ container }) => container.exitCode !== undefined || container.reason !== undefined);
  return (
    <LiveTable
      query={{ ...query, status: "ready", data: rows, error: undefined }}
      id={({ container }) => container.containerArn ?? container.name ?? ""}
      title={text.title}
      columns={columns.filter(({ id }) => hasStopped || (id !== "exitCode" && id !== "reason"))}
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
    { id: "status", header: words.status, cell: ({ container }) => <Status status={container.lastStatus} /> },
    { id: "health", header: words.health, cell: ({ container }) => <Status status={container.healthStatus} /> },
    { id: "exitCode", header: words.exitCode, cell: ({ container }) => container.exitCode ?? text.parts.none },
    { id: "reason", header: words.reason, cell: ({ container }) => container.reason ?? text.parts.none },
    { id: "ports", header: words.ports, cell: (row) => portsOf(row).join(", ") || text.parts.none },
    { id: "essential", header: words.essential, cell: ({ definition }) => (definition?.essential === false ? words.no : words.yes) },
    { id: "image", header: words.image, cell: ({ container }) => container.image ?? text.parts.none },
    { id: "digest", header: words.digest, cell: ({ container }) => <CopyableValue value={container.imageDigest} /> },
  ];
}

function byName(a: Row, b: Row): number {
  return (a.container.name ?? "").localeCompare(b.container.name ?? "");
}

/** The network bindings of a container, or else its port mappings with their names. */
function portsOf({ container, definition }: Row): string[] {
  const bindings = container.networkBindings ?? [];
  if (bindings.length > 0) {
    return bindings.map(
      ({ bindIP, hostPort, hostPortRange, containerPort, containerPortRange, protocol }) =>
        `${bindIP ?? ""}:${hostPort ?? hostPortRange ?? ""} → ${containerPort ?? containerPortRange ?? ""}/${protocol ?? "tcp"}`,
    );
  }
  return (definition?.portMappings ?? []).map(
    ({ name, containerPort, containerPortRange, protocol }) => `${containerPort ?? containerPortRange ?? ""}/${protocol ?? "tcp"}${name ? ` (${name})` : ""}`,
  );
}
