import type { Service } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { readSeries } from "../../aws/series.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useTasks } from "../../live/queries.ts";
import { useLive } from "../../live/useLive.ts";
import { ErrorAlert } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { ChartRangeControl, recentSpan, TimeSeriesChart } from "../../parts/TimeSeriesChart.tsx";

const INITIAL_MINUTES = 15;

/** The health of a service's tasks, and their CPU and memory utilization. */
export function HealthTab({ service, cluster }: { service: Service; cluster: string }) {
  const text = useText().services.health;
  const target = useTarget();
  const name = service.serviceName ?? "";
  const [minutes, setMinutes] = useState(INITIAL_MINUTES);
  const query = useLive(["usage", cluster, name, minutes], [{ kind: minutes <= INITIAL_MINUTES ? "metrics" : "minute" }], async (signal) => {
    const { span, period } = recentSpan(minutes);
    const [cpuAverage, cpuMaximum, memoryAverage, memoryMaximum] = await readSeries(target, utilizationQueries(cluster, name, text), span, period, signal);
    return { span, cpu: [cpuAverage, cpuMaximum], memory: [memoryAverage, memoryMaximum] };
  });
  const chart = (metric: "cpu" | "memory", title: string) => (
    <TimeSeriesChart
      title={title}
      span={query.data?.span ?? recentSpan(minutes).span}
      loading={query.status === "loading"}
      series={(query.data?.[metric] ?? []).filter((series) => series !== undefined)}
      formatValue={(value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} %`}
      minScale={10}
    />
  );
  return (
    <SpaceBetween size="l">
      <Header variant="h2" actions={<ChartRangeControl minutes={minutes} onChange={setMinutes} />}>{text.title}</Header>
      {query.status === "failed" ? <ErrorAlert error={query.error} onRetry={query.reload} /> : null}
      <TaskHealth cluster={cluster} name={name} />
      <ColumnLayout columns={2}>
        {chart("cpu", text.cpu)}
        {chart("memory", text.memory)}
      </ColumnLayout>
    </SpaceBetween>
  );
}

type HealthTexts = ReturnType<typeof useText>["services"]["health"];

function utilizationQueries(cluster: string, service: string, text: HealthTexts) {
  const dimensions = [{ Name: "ClusterName", Value: cluster }, { Name: "ServiceName", Value: service }];
  return ["CPUUtilization", "MemoryUtilization"].flatMap((metric) => [
    { label: text.average, namespace: "AWS/ECS", metric, stat: "Average", dimensions },
    { label: text.maximum, namespace: "AWS/ECS", metric, stat: "Maximum", dimensions },
  ]);
}

/** The number of tasks in each health status. */
function TaskHealth({ cluster, name }: { cluster: string; name: string }) {
  const text = useText().services.health;
  const tasks = useTasks({ cluster, serviceName: name, desiredStatus: "RUNNING" }).data ?? [];
  const counts = new Map<string, number>();
  for (const task of tasks) {
    const status = task.lastStatus === "RUNNING" ? (task.healthStatus ?? "UNKNOWN") : (task.lastStatus ?? "PENDING");
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return (
    <SpaceBetween size="l" direction="horizontal">
      <Box variant="awsui-key-label">{text.tasks}</Box>
      {counts.size === 0 ? <Box color="text-body-secondary">{text.noTasks}</Box> : null}
      {[...counts].map(([status, count]) => (
        <SpaceBetween key={status} size="xxs" direction="horizontal">
          <b>{count}</b>
          <Status status={status} />
        </SpaceBetween>
      ))}
    </SpaceBetween>
  );
}
