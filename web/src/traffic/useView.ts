// What the traffic page shows, held by its address, so that it can be sent to somebody.

import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import type { Grouping } from "./graph.ts";
import { DEFAULT_RANGE, parseRange, type Range } from "./range.ts";

export interface View {
  /** Of Cloud Map, or `mesh/` and a mesh's name. Null: all. */
  readonly namespace: string | null;
  readonly range: Range;
  readonly rangeText: string;
  readonly as: "map" | "table";
  readonly grouping: Grouping;
  /** The box whose surroundings alone are shown. */
  readonly focus: string | null;
  /** The line or edge whose panel is open. */
  readonly edge: string | null;
  /** A part of a name. */
  readonly find: string;
}

export type ViewChange = Partial<Record<"namespace" | "range" | "as" | "by" | "focus" | "edge" | "find", string | null>>;

const PLAIN: Readonly<Record<string, string>> = { range: DEFAULT_RANGE, as: "map", by: "service", find: "" };

export function useView(): readonly [View, (change: ViewChange) => void] {
  const [params, setParams] = useSearchParams();
  const view = useMemo<View>(
    () => ({
      namespace: params.get("namespace"),
      range: parseRange(params.get("range")),
      rangeText: params.get("range") ?? DEFAULT_RANGE,
      as: params.get("as") === "table" ? "table" : "map",
      grouping: params.get("by") === "cluster" ? "cluster" : "service",
      focus: params.get("focus"),
      edge: params.get("edge"),
      find: params.get("find") ?? "",
    }),
    [params],
  );
  const change = useCallback(
    (wanted: ViewChange) => {
      setParams(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(wanted)) {
            if (value === null || value === PLAIN[name]) after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        // What one looks at is a step to come back from; how is not.
        { replace: !("focus" in wanted || "namespace" in wanted) },
      );
    },
    [setParams],
  );
  return [view, change];
}
