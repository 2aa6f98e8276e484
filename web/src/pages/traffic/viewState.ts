// The state of the traffic page. It is kept in the URL, so that it can be shared.

import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Grouping } from "../../traffic/model/graph.ts";
import { DEFAULT_RANGE, parseTimeRange, type TimeRange } from "../../traffic/model/timeRange.ts";

export interface View {
  /** The name of a namespace, or `mesh/` and the name of a mesh; null for all. */
  readonly namespace: string | null;
  readonly range: TimeRange;
  readonly as: "map" | "table";
  readonly grouping: Grouping;
  /** The id of a box: only its neighborhood is shown. */
  readonly focus: string | null;
  /** The line or edge whose panel is open, or `:` and the id of a box. */
  readonly edge: string | null;
  /** A part of a name, to find boxes and edges by. */
  readonly find: string;
}

export type ViewChange = Partial<Record<"namespace" | "range" | "as" | "by" | "focus" | "edge" | "find", string | null>>;

const DEFAULTS: Readonly<Record<string, string>> = { range: DEFAULT_RANGE, as: "map", by: "service", find: "" };

export function useView(): readonly [View, (change: ViewChange) => void] {
  const [params, setParams] = useSearchParams();
  const view = useMemo<View>(
    () => ({
      namespace: params.get("namespace"),
      range: parseTimeRange(params.get("range")),
      as: params.get("as") === "table" ? "table" : "map",
      grouping: params.get("by") === "cluster" ? "cluster" : "service",
      focus: params.get("focus"),
      edge: params.get("edge"),
      find: params.get("find") ?? "",
    }),
    [params],
  );
  const change = useCallback(
    (viewChange: ViewChange) => {
      setParams(
        (current) => {
          const next = new URLSearchParams(current);
          for (const [name, value] of Object.entries(viewChange)) {
            if (value === null || value === DEFAULTS[name]) next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        // Only a change of the displayed part of the mesh adds an entry to the browser's history.
        { replace: !("focus" in viewChange || "namespace" in viewChange) },
      );
    },
    [setParams],
  );
  return [view, change];
}
