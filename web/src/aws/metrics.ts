// CloudWatch's ListMetrics and GetMetricData, read to the last page.

import {
  GetMetricDataCommand,
  ListMetricsCommand,
  type ListMetricsCommandInput,
  type Metric,
  type MetricDataQuery,
  type MetricDataResult,
} from "@aws-sdk/client-cloudwatch";
import { cloudWatch } from "./cloudWatch.ts";
import type { Target } from "./config.ts";

export const MAX_QUERIES = 500; // the limit of GetMetricData

/** Seconds since the epoch. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

export async function listMetrics(target: Target, filter: ListMetricsCommandInput, abortSignal: AbortSignal): Promise<Metric[]> {
  const metrics: Metric[] = [];
  let token: string | undefined;
  do {
    const page = await cloudWatch(target).send(new ListMetricsCommand({ ...filter, NextToken: token }), { abortSignal });
    metrics.push(...(page.Metrics ?? []));
    token = page.NextToken;
  } while (token !== undefined);
  return metrics;
}

/** The results of up to `MAX_QUERIES` queries. */
export async function readMetricData(
  target: Target,
  queries: readonly MetricDataQuery[],
  span: TimeSpan,
  abortSignal: AbortSignal,
): Promise<MetricDataResult[]> {
  const results: MetricDataResult[] = [];
  let token: string | undefined;
  do {
    const command = new GetMetricDataCommand({
      MetricDataQueries: [...queries],
      StartTime: new Date(span.start * 1000),
      EndTime: new Date(span.end * 1000),
      ScanBy: "TimestampAscending",
      NextToken: token,
    });
    const page = await cloudWatch(target).send(command, { abortSignal });
    results.push(...(page.MetricDataResults ?? []));
    token = page.NextToken;
  } while (token !== undefined);
  return results;
}
