// The mesh of a namespace (or App Mesh's own) and a time, read again as it changes: members when services or virtual nodes do,
// figures with every new point.

import { useMemo } from "react";
import { useTarget } from "../aws/useTarget.ts";
import { type Found, useLive } from "../live/useLive.ts";
import { meshOf } from "./mesh.ts";
import { readMembers } from "./members.ts";
import { joinedFigures, readCounts, readRest } from "./read.ts";
import { type Range, rangeText } from "./range.ts";
import type { Mesh } from "./values.ts";

const NOBODY = { start: 0, end: 0 };
/** What is told of App Mesh. */
const MESHES = [{ kind: "mesh" }, { kind: "virtual-gateway" }, { kind: "virtual-node" }];
const CHANGES = [{ kind: "service" }, { kind: "service-deployment" }, { kind: "task" }, { kind: "namespace" }, ...MESHES];

export function useMesh(range: Range, namespace: string | null): Found<Mesh> {
  const target = useTarget();
  const members = useLive(["traffic-members"], CHANGES, (signal) => readMembers(target, signal));
  const known = members.data;
  const scope = { range, namespace, members: known ?? [] };
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const key = [rangeText(range), namespace ?? "", known !== undefined];
  const counts = useLive(["traffic-counts", ...key], topics, async (signal) =>
    known === undefined ? { span: NOBODY, figures: new Map() } : readCounts(target, scope, signal),
  );
  const made = known === undefined ? undefined : counts.data;
  const rest = useLive(["traffic-rest", ...key, made !== undefined], topics, async (signal) =>
    made === undefined ? { span: NOBODY, figures: new Map() } : readRest(target, scope, made, signal),
  );
  const more = made === undefined ? undefined : rest.data;
  const shown = useMemo(() => known?.filter((member) => namespace === null || member.namespace === namespace), [known, namespace]);
  const mesh = useMemo(() => {
    if (shown === undefined || made === undefined) return undefined;
    return meshOf(joinedFigures(made, more), shown, made.span);
  }, [shown, made, more]);
  const reload = () => {
    for (const one of [members, counts, rest]) one.reload();
  };
  const failed = [members, counts, rest].find((one) => one.status === "failed");
  if (failed) return { status: "failed", data: mesh, error: failed.error, reload };
  if (mesh === undefined) return { status: "loading", data: undefined, error: undefined, reload };
  return { status: "ready", data: mesh, error: undefined, reload };
}
