// The figures of edges, from CloudWatch as anybody could read them.

import {
  type CloudWatchClient,
  GetMetricDataCommand,
  type MetricDataQuery,
  type MetricDataResult,
  ListMetricsCommand,
} from "@aws-sdk/client-cloudwatch";
import { dimensionsOf, SERVICE_CONNECT, sourceOf, SOURCES } from "./known.ts";
import { wholePeriod } from "./range.ts";
import { type EdgeKey, edgeId, type FigureName, type Figures, type Span } from "./values.ts";

const QUERIES_AT_ONCE = 500; // GetMetricData takes no more
const REQUESTS_AT_ONCE = 2;

export interface Asked {
  readonly key: EdgeKey;
  readonly figure: FigureName;
}

/** All figures of the span, by edge. */
export async function readFigures(
  client: CloudWatchClient,
  asked: readonly Asked[],
  span: Span,
  abortSignal: AbortSignal,
): Promise<Map<string, Figures>> {
  const batches: (readonly Asked[])[] = [];
  for (let first = 0; first < asked.length; first += QUERIES_AT_ONCE) {
    batches.push(asked.slice(first, first + QUERIES_AT_ONCE));
  }
  const found = new Map<string, Figures>();
  const work = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const queries = batch.map((one, place) => query(one, `q${place}`, wholePeriod(span)));
      const results = await readData(client, queries, { start: span.start, end: span.start + wholePeriod(span) }, abortSignal);
      add(found, batch, results);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
  return found;
}

/** Every result of these queries. */
export async function readData(
  client: CloudWatchClient,
  queries: readonly MetricDataQuery[],
  span: Span,
  abortSignal: AbortSignal,
): Promise<MetricDataResult[]> {
  const found: MetricDataResult[] = [];
  let token: string | undefined;
  do {
    const command = new GetMetricDataCommand({
      MetricDataQueries: [...queries],
      StartTime: new Date(span.start * 1000),
      EndTime: new Date(span.end * 1000),
      ScanBy: "TimestampAscending",
      NextToken: token,
    });
    const page = await client.send(command, { abortSignal });
    found.push(...(page.MetricDataResults ?? []));
    token = page.NextToken;
  } while (token !== undefined);
  return found;
}

export function query({ key, figure }: Asked, id: string, period: number): MetricDataQuery {
  const { namespace, metric, stat } = sourceOf(key, SOURCES[figure]);
  return {
    Id: id,
    MetricStat: { Metric: { Namespace: namespace, MetricName: metric, Dimensions: dimensionsOf(key) }, Period: period, Stat: stat },
  };
}

/** Put one batch's results (`q<place>`) where they belong. */
export function add(found: Map<string, Figures>, batch: readonly Asked[], results: readonly MetricDataResult[]): void {
  for (const result of results) {
    const asked = batch[Number(result.Id?.slice(1))];
    const value = result.Values?.[0];
    if (!asked || value === undefined) continue;
    const id = edgeId(asked.key);
    found.set(id, { ...found.get(id), key: asked.key, [asked.figure]: value });
  }
}

/** The discovery names of which a service's proxies have counted anything: those it offers, or those it calls. */
export async function listNames(
  client: CloudWatchClient,
  { cluster, service, side }: { cluster: string; service: string; side: "in" | "out" },
  abortSignal: AbortSignal,
): Promise<string[]> {
  const dimension = side === "in" ? "DiscoveryName" : "TargetDiscoveryName";
  const found = new Set<string>();
  let token: string | undefined;
  do {
    const command = new ListMetricsCommand({
      Namespace: SERVICE_CONNECT.aws,
      Dimensions: [{ Name: dimension }, { Name: "ServiceName", Value: service }, { Name: "ClusterName", Value: cluster }],
      NextToken: token,
    });
    const page = await client.send(command, { abortSignal });
    for (const metric of page.Metrics ?? []) {
      const name = metric.Dimensions?.find((one) => one.Name === dimension)?.Value;
      if (name) found.add(name);
    }
    token = page.NextToken;
  } while (token !== undefined);
  return [...found].sort();
}
