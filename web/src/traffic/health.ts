// A service's traffic health: each of AWS's Service Connect metrics of it, by discovery name.

import { cloudWatch } from "../aws/cloudWatch.ts";
import type { Target } from "../aws/config.ts";
import { listNames } from "./figures.ts";
import { SERVICE_CONNECT } from "./known.ts";
import { readSeries, type Series, type Wanted } from "./series.ts";
import type { Span } from "./values.ts";

/** A service's side: what it receives, or what it calls. */
export interface Whose {
  readonly cluster: string;
  readonly service: string;
  readonly side: "in" | "out";
}

/** One metric, a series for each discovery name. */
export interface Chart {
  readonly metric: string;
  readonly stat: string;
  readonly series: readonly Series[];
}

/** A chart for each metric of this side, also where it has no point. */
export async function readHealth(target: Target, whose: Whose, { span, period }: { span: Span; period: number }, signal: AbortSignal): Promise<Chart[]> {
  const names = await listNames(cloudWatch(target), whose, signal);
  const wanted = wantedOf(whose, names);
  const series = await readSeries(target, wanted.flatMap((one) => one.wanted), span, period, signal);
  return wanted.map(({ metric, stat }, place) => ({ metric, stat, series: series.slice(place * names.length, (place + 1) * names.length) }));
}

function wantedOf({ cluster, service, side }: Whose, names: readonly string[]) {
  const metrics = side === "in" ? INBOUND : OUTBOUND;
  const dimension = side === "in" ? "DiscoveryName" : "TargetDiscoveryName";
  return metrics.map(([metric, stat]) => ({
    metric,
    stat,
    wanted: names.map((name): Wanted => {
      const dimensions = [
        { Name: dimension, Value: name },
        { Name: "ServiceName", Value: service },
        { Name: "ClusterName", Value: cluster },
      ];
      return { label: name, namespace: SERVICE_CONNECT.aws, metric, stat, dimensions };
    }),
  }));
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

