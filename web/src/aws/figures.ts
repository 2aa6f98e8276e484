// Figures of CloudWatch as lines to draw.

import { GetMetricDataCommand, type MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { cloudWatch } from "./cloudWatch.ts";
import type { Target } from "./config.ts";

export interface Line {
  readonly id: string;
  readonly label: string;
  readonly points: readonly { readonly x: Date; readonly y: number }[];
}

export interface Asked {
  readonly id: string;
  readonly label: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly stat: string;
}

export interface Span {
  readonly from: Date;
  readonly to: Date;
  /** Seconds. */
  readonly period: number;
}

/** The span that ends now, in periods that make about a hundred points; its ends lie on periods. */
export function spanBack(minutes: number, now = Date.now()): Span {
  const period = Math.max(minutes <= 15 ? 5 : 60, Math.ceil(minutes / 100) * 60 * (minutes <= 100 ? 0 : 1));
  const step = period * 1000;
  const to = Math.floor(now / step) * step;
  return { from: new Date(to - minutes * 60_000), to: new Date(to), period };
}

export async function readLines(target: Target, asked: readonly Asked[], span: Span, abortSignal: AbortSignal): Promise<Line[]> {
  const queries: MetricDataQuery[] = asked.map((one) => ({
    Id: one.id,
    Label: one.label,
    MetricStat: {
      Metric: {
        Namespace: one.namespace,
        MetricName: one.metric,
        Dimensions: Object.entries(one.dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: span.period,
      Stat: one.stat,
    },
  }));
  const found = new Map<string, { x: Date; y: number }[]>(asked.map((one) => [one.id, []]));
  let NextToken: string | undefined;
  do {
    const command = new GetMetricDataCommand({ MetricDataQueries: queries, StartTime: span.from, EndTime: span.to, ScanBy: "TimestampAscending", NextToken });
    const answer = await cloudWatch(target).send(command, { abortSignal });
    for (const result of answer.MetricDataResults ?? []) {
      const points = found.get(result.Id ?? "");
      result.Timestamps?.forEach((x, at) => points?.push({ x, y: result.Values?.[at] ?? 0 }));
    }
    NextToken = answer.NextToken;
  } while (NextToken);
  return asked.map(({ id, label }) => ({ id, label, points: found.get(id) ?? [] }));
}
