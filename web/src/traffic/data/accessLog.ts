// The newest lines of an edge's access log, written by the proxies of the caller or of the targets.

import { FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { Target } from "../../aws/config.ts";
import { logs } from "../../aws/logs.ts";
import type { TimeSpan } from "../../aws/metrics.ts";
import { type Edge, type Member, workloadId } from "../model/mesh.ts";

export interface AccessLogSource {
  readonly group: string;
  readonly pattern: string;
}

export interface AccessLogLine {
  readonly time: Date;
  readonly message: string;
}

const MAX_LINES = 25;
const MAX_PAGES = 4;

/** The log group and filter pattern of the edge's lines; null if neither end has an access log. */
export function accessLogOf(edge: Edge, members: readonly Member[]): AccessLogSource | null {
  const groupOf = (id: string) => members.find((member) => workloadId(member.workload) === id)?.accessLog;
  const callerGroup = groupOf(workloadId(edge.caller));
  if (callerGroup) return { group: callerGroup, pattern: `"egress.${edge.target}"` };
  const targetGroup = edge.targets.map((workload) => groupOf(workloadId(workload))).find((group) => group !== undefined);
  return targetGroup ? { group: targetGroup, pattern: `"ingress.${edge.target}"` } : null;
}

/** The newest lines of the span, newest first. */
export async function readAccessLog(target: Target, source: AccessLogSource, span: TimeSpan, signal: AbortSignal): Promise<AccessLogLine[]> {
  const lines: AccessLogLine[] = [];
  let token: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const command = new FilterLogEventsCommand({
      logGroupName: source.group,
      filterPattern: source.pattern,
      startTime: span.start * 1000,
      endTime: Math.ceil(span.end * 1000),
      nextToken: token,
    });
    const response = await logs(target).send(command, { abortSignal: signal });
    for (const event of response.events ?? []) lines.push({ time: new Date(event.timestamp ?? 0), message: event.message ?? "" });
    token = response.nextToken;
    if (token === undefined) break;
  }
  return lines.sort((a, b) => b.time.getTime() - a.time.getTime()).slice(0, MAX_LINES);
}
