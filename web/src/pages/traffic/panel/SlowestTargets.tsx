// The slowest tasks of the services that an edge calls, with their failures.

import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Table from "@cloudscape-design/components/table";
import { href } from "../../../app/links.tsx";
import { paths } from "../../../app/paths.ts";
import { usePreferences } from "../../../app/preferences.tsx";
import { useTarget } from "../../../aws/useTarget.ts";
import { useText } from "../../../i18n/useText.ts";
import { useLive } from "../../../live/useLive.ts";
import { QueryContent } from "../../../parts/QueryContent.tsx";
import { readTaskMetrics, type TaskMetrics } from "../../../traffic/data/slowestTasks.ts";
import { formatCount, formatMs } from "../../../traffic/model/format.ts";
import { type Edge, workloadId, workloadName } from "../../../traffic/model/mesh.ts";
import { formatTimeRange, resolveTimeRange, type TimeRange } from "../../../traffic/model/timeRange.ts";

const MAX_TASKS = 10;

export function SlowestTargets({ edge, range }: { edge: Edge; range: TimeRange }) {
  const text = useText().traffic;
  const target = useTarget();
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const columns = useColumns();
  const targetIds = edge.targets.map(workloadId).join();
  const query = useLive(["traffic-targets", edge.target, targetIds, formatTimeRange(range)], topics, (signal) =>
    readTaskMetrics(target, edge, resolveTimeRange(range, Date.now() / 1000), signal),
  );
  return (
    <QueryContent query={query}>
      {(tasks) => (
        <Table
          variant="embedded"
          items={tasks.slice(0, MAX_TASKS)}
          header={<Header variant="h3" description={text.targets.description}>{text.targets.title}</Header>}
          footer={tasks.length > MAX_TASKS ? <Box color="text-body-secondary">{text.targets.more(tasks.length - MAX_TASKS)}</Box> : null}
          empty={<Box textAlign="center">{text.targets.none}</Box>}
          columnDefinitions={columns}
        />
      )}
    </QueryContent>
  );
}

function useColumns() {
  const text = useText().traffic;
  const { language } = usePreferences();
  const latency = (id: "p50" | "p95" | "p99") => ({
    id,
    header: `${id} (ms)`,
    cell: (task: TaskMetrics) => formatMs(task[id], language),
  });
  return [
    {
      id: "task",
      header: text.targets.task,
      cell: ({ workload, task }: TaskMetrics) => <Link href={href(paths.task(workload.cluster, task))}>{task}</Link>,
    },
    { id: "service", header: text.targets.service, cell: ({ workload }: TaskMetrics) => workloadName(workload) },
    { id: "requests", header: text.table.requests, cell: ({ requests }: TaskMetrics) => formatCount(requests, language) },
    { id: "failures", header: text.table.failures, cell: ({ failures }: TaskMetrics) => formatCount(failures, language) },
    latency("p50"),
    latency("p95"),
    latency("p99"),
  ];
}
