import type { Service } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { type Asked, readLines, spanBack } from "../../aws/figures.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useTasks } from "../../live/readings.ts";
import { useLive } from "../../live/useLive.ts";
import { Chart, Range } from "../../parts/Chart.tsx";
import { FaultAlert } from "../../parts/Shown.tsx";
import { Status } from "../../parts/Status.tsx";

const FIRST = 15; // minutes

/** How the service fares: its tasks' health, and what they use of the machine. */
export function HealthTab({ service, cluster }: { service: Service; cluster: string }) {
  const text = useText().services.health;
  const target = useTarget();
  const name = service.serviceName ?? "";
  const [minutes, setMinutes] = useState(FIRST);
  const found = useLive(["usage", cluster, name, minutes], [{ kind: minutes <= FIRST ? "metrics" : "minute" }], async (signal) => {
    const span = spanBack(minutes);
    return { span, lines: await readLines(target, usageOf(cluster, name, text), span, signal) };
  });
  const span = found.data?.span ?? spanBack(minutes);
  const chart = (metric: string, title: string) => (
    <Chart
      title={title}
      span={span}
      loading={found.status === "loading"}
      lines={(found.data?.lines ?? []).filter((line) => line.id.startsWith(metric))}
      format={(value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`}
      least={10}
    />
  );
  return (
    <SpaceBetween size="l">
      <Header variant="h2" actions={<Range minutes={minutes} onChange={setMinutes} />}>{text.title}</Header>
      {found.status === "failed" ? <FaultAlert error={found.error} onRetry={found.reload} /> : null}
      <TaskHealth cluster={cluster} name={name} />
      <ColumnLayout columns={2}>
        {chart("cpu", text.cpu)}
        {chart("memory", text.memory)}
      </ColumnLayout>
    </SpaceBetween>
  );
}

type HealthWords = ReturnType<typeof useText>["services"]["health"];

function usageOf(cluster: string, service: string, text: HealthWords): Asked[] {
  const dimensions = { ClusterName: cluster, ServiceName: service };
  const one = (id: string, metric: string, stat: string, label: string): Asked => ({ id, label, namespace: "AWS/ECS", metric, dimensions, stat });
  return [
    one("cpu_avg", "CPUUtilization", "Average", text.average),
    one("cpu_max", "CPUUtilization", "Maximum", text.maximum),
    one("memory_avg", "MemoryUtilization", "Average", text.average),
    one("memory_max", "MemoryUtilization", "Maximum", text.maximum),
  ];
}

/** How many of the running tasks are healthy, and how many are not. */
function TaskHealth({ cluster, name }: { cluster: string; name: string }) {
  const text = useText().services.health;
  const tasks = useTasks({ cluster, serviceName: name, desiredStatus: "RUNNING" }).data ?? [];
  const counts = new Map<string, number>();
  for (const task of tasks) {
    const state = task.lastStatus === "RUNNING" ? (task.healthStatus ?? "UNKNOWN") : (task.lastStatus ?? "PENDING");
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return (
    <SpaceBetween size="l" direction="horizontal">
      <Box variant="awsui-key-label">{text.tasks}</Box>
      {counts.size === 0 ? <Box color="text-body-secondary">{text.noTasks}</Box> : null}
      {[...counts].map(([state, count]) => (
        <SpaceBetween key={state} size="xxs" direction="horizontal">
          <b>{count}</b>
          <Status of={state} />
        </SpaceBetween>
      ))}
    </SpaceBetween>
  );
}
