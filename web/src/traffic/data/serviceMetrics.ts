// AWS's Service Connect metrics of one service, by discovery name, for the tab "Traffic health".

import type { Target } from "../../aws/config.ts";
import { listMetrics, type TimeSpan } from "../../aws/metrics.ts";
import { readSeries, type Series } from "../../aws/series.ts";
import { SERVICE_CONNECT } from "../model/mesh.ts";

/** The inbound or the outbound traffic of a service. */
export interface ServiceTraffic {
  readonly cluster: string;
  readonly service: string;
  readonly direction: "in" | "out";
}

/** One metric, with a series for each discovery name. */
export interface MetricSeries {
  readonly metric: string;
  readonly stat: string;
  readonly series: readonly Series[];
}

const INBOUND = [
  ["RequestCount", "Sum"],
  ["GrpcRequestCount", "Sum"],
  ["NewConnectionCount", "Sum"],
  ["ActiveConnectionCount", "Average"],
  ["ProcessedBytes", "Sum"],
  ["ClientTLSNegotiationErrorCount", "Sum"],
] as const;
const OUTBOUND = [
  ["RequestCountPerTarget", "Average"],
  ["HTTPCode_Target_2XX_Count", "Sum"],
  ["HTTPCode_Target_3XX_Count", "Sum"],
  ["HTTPCode_Target_4XX_Count", "Sum"],
  ["HTTPCode_Target_5XX_Count", "Sum"],
  ["TargetResponseTime", "Average"],
  ["TargetProcessedBytes", "Sum"],
  ["TargetTLSNegotiationErrorCount", "Sum"],
] as const;

/** All metrics of this direction, including those without a data point. */
export async function readServiceMetrics(
  target: Target,
  traffic: ServiceTraffic,
  { span, period }: { span: TimeSpan; period: number },
  signal: AbortSignal,
): Promise<MetricSeries[]> {
  const { cluster, service, direction } = traffic;
  const names = await listDiscoveryNames(target, traffic, signal);
  const metrics = direction === "in" ? INBOUND : OUTBOUND;
  const queries = metrics.flatMap(([metric, stat]) =>
    names.map((name) => {
      const dimensions = [
        { Name: nameDimension(direction), Value: name },
        { Name: "ServiceName", Value: service },
        { Name: "ClusterName", Value: cluster },
      ];
      return { label: name, namespace: SERVICE_CONNECT.aws, metric, stat, dimensions };
    }),
  );
  const series = await readSeries(target, queries, span, period, signal);
  return metrics.map(([metric, stat], index) => ({ metric, stat, series: series.slice(index * names.length, (index + 1) * names.length) }));
}

function nameDimension(direction: ServiceTraffic["direction"]): string {
  return direction === "in" ? "DiscoveryName" : "TargetDiscoveryName";
}

/** The discovery names for which the service's proxies have metrics. */
async function listDiscoveryNames(target: Target, { cluster, service, direction }: ServiceTraffic, signal: AbortSignal): Promise<string[]> {
  const dimension = nameDimension(direction);
  const filter = {
    Namespace: SERVICE_CONNECT.aws,
    Dimensions: [{ Name: dimension }, { Name: "ServiceName", Value: service }, { Name: "ClusterName", Value: cluster }],
  };
  const metrics = await listMetrics(target, filter, signal);
  const names = metrics.map((metric) => metric.Dimensions?.find(({ Name }) => Name === dimension)?.Value ?? "").filter((name) => name !== "");
  return [...new Set(names)].sort();
}
