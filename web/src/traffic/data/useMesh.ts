// The mesh of a namespace (or an App Mesh mesh) in a time range. Members are read again when services or virtual nodes
// change, metrics with every new data point.

import { useMemo } from "react";
import { useTarget } from "../../aws/useTarget.ts";
import { type LiveQuery, useLive } from "../../live/useLive.ts";
import { buildMesh, membersIn } from "../model/buildMesh.ts";
import type { Member, Mesh } from "../model/mesh.ts";
import { formatTimeRange, type TimeRange } from "../model/timeRange.ts";
import { readFailures, readInbound } from "./inbound.ts";
import { readMembers } from "./members.ts";
import { mergeMetrics, readCounts, readDetails, type TrafficMetrics } from "./readTraffic.ts";

const EMPTY: TrafficMetrics = { span: { start: 0, end: 0 }, edges: new Map() };
const MEMBER_TOPICS = [
  ...[{ kind: "service" }, { kind: "service-deployment" }, { kind: "task" }, { kind: "namespace" }],
  ...[{ kind: "load-balancer" }, { kind: "listener" }, { kind: "listener-rule" }, { kind: "target-group" }],
  ...[{ kind: "mesh" }, { kind: "virtual-gateway" }, { kind: "virtual-node" }],
];

export function useMesh(range: TimeRange, namespace: string | null): LiveQuery<Mesh> {
  const target = useTarget();
  const members = useLive(["traffic-members"], MEMBER_TOPICS, (signal) => readMembers(target, signal));
  const allMembers = members.data;
  const filter = { range, namespace, members: allMembers ?? [] };
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const key = [formatTimeRange(range), namespace ?? "", allMembers !== undefined];
  const counts = useLive(["traffic-counts", ...key], topics, async (signal) =>
    allMembers === undefined ? EMPTY : readCounts(target, filter, signal),
  );
  const countMetrics = allMembers === undefined ? undefined : counts.data;
  const details = useLive(["traffic-rest", ...key, countMetrics !== undefined], topics, async (signal) =>
    countMetrics === undefined ? EMPTY : readDetails(target, filter, countMetrics, signal),
  );
  const detailMetrics = countMetrics === undefined ? undefined : details.data;
  const hasNames = shownHasNames(allMembers, namespace);
  const inbound = useLive(["traffic-inbound", ...key, countMetrics !== undefined, hasNames], topics, async (signal) => {
    if (allMembers === undefined || countMetrics === undefined || !hasNames) return [];
    const members = membersIn(allMembers, namespace);
    const received = await readInbound(target, members, countMetrics.span, signal);
    return readFailures(target, members, received, countMetrics.span, signal);
  });
  const inboundMetrics = countMetrics === undefined ? undefined : inbound.data;
  const shownMembers = useMemo(() => allMembers && membersIn(allMembers, namespace), [allMembers, namespace]);
  const mesh = useMemo(() => {
    if (shownMembers === undefined || countMetrics === undefined) return undefined;
    return buildMesh(mergeMetrics(countMetrics, detailMetrics), shownMembers, countMetrics.span, inboundMetrics);
  }, [shownMembers, countMetrics, detailMetrics, inboundMetrics]);
  const reload = () => {
    for (const query of [members, counts, details, inbound]) query.reload();
  };
  const failed = [members, counts, details, inbound].find((query) => query.status === "failed");
  if (failed) return { status: "failed", data: mesh, error: failed.error, reload };
  if (mesh === undefined) return { status: "loading", data: undefined, error: undefined, reload };
  return { status: "ready", data: mesh, error: undefined, reload };
}

/** Whether a shown service offers a name of Service Connect, whose proxies count what they receive. */
function shownHasNames(members: readonly Member[] | undefined, namespace: string | null): boolean {
  return membersIn(members ?? [], namespace).some(({ workload, discoveryNames }) => workload.kind === "service" && discoveryNames.length > 0);
}
