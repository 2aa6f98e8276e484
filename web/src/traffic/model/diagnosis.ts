// What an on-call engineer asks about an edge with failures, answered from its metrics. Pure.

import { type Edge, type Workload, workloadId } from "./mesh.ts";
import type { TimeSpan } from "../../aws/metrics.ts";

/** A value of a metric; `x` is the start of its period. */
interface Point {
  readonly x: Date;
  readonly y: number;
}

const FAILING = 0.001; // share of the requests, from which a period is one with failures
const MAX_GAP = 1; // periods without failures that do not end a run of periods with failures

/** The start of the first period of the latest run of periods with failures; null without any. */
export function failingSince(requests: readonly Point[], failures: readonly Point[]): Date | null {
  const counts = new Map(requests.map(({ x, y }) => [x.getTime(), y]));
  const sorted = [...failures].sort((a, b) => a.x.getTime() - b.x.getTime());
  let [since, gap]: [Date | null, number] = [null, 0];
  for (const { x, y } of sorted.reverse()) {
    const isFailing = y > 0 && y / Math.max(counts.get(x.getTime()) ?? y, 1) >= FAILING;
    if (isFailing) [since, gap] = [x, 0];
    else if (since !== null && (gap += 1) > MAX_GAP) break;
  }
  return since;
}

/** How many responses each class of failed status codes had in a time span. */
export function failedCodes(series: readonly { label: string; points: readonly Point[] }[], span: TimeSpan): { code: string; count: number }[] {
  const isIn = ({ x }: Point) => x.getTime() >= span.start * 1000 && x.getTime() < span.end * 1000;
  const counts = series.map(({ label, points }) => ({ code: label, count: points.filter(isIn).reduce((sum, { y }) => sum + y, 0) }));
  return counts.filter(({ code, count }) => count > 0 && (code === "4XX" || code === "5XX"));
}

/** The caller of an edge, and all workloads that reach it by other edges. */
export function affectedCallers(edges: readonly Edge[], { caller }: Edge): Workload[] {
  const affected = new Map([[workloadId(caller), caller]]);
  for (const id of affected.keys()) {
    for (const edge of edges) if (edge.targets.some((target) => workloadId(target) === id)) affected.set(workloadId(edge.caller), affected.get(workloadId(edge.caller)) ?? edge.caller);
  }
  return [...affected.values()];
}

/** Whether there is something to explain. */
export function hasFailed({ failures, ejected, timeouts }: Edge): boolean {
  return failures > 0 || ejected > 0 || timeouts > 0;
}
