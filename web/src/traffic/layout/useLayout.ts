// The layout of a graph, computed in a worker. It is computed again when boxes or lines are added or removed, and stays while
// only metrics change.

import { useEffect, useMemo, useRef, useState } from "react";
import type { Graph } from "../model/graph.ts";
import type { Layout, LayoutInput } from "./layout.ts";

export interface LayoutRequest {
  readonly requestId: number;
  readonly input: LayoutInput;
}

export interface LayoutResponse {
  readonly requestId: number;
  readonly layout: Layout;
}

/** Null until the first layout is computed. */
export function useLayout(graph: Graph, onFailed: () => void): Layout | null {
  const input = useMemo(() => JSON.stringify(layoutInput(graph)), [graph]);
  const [layout, setLayout] = useState<Layout | null>(null);
  const workerRef = useRef<Worker | null>(null);
  const requestId = useRef(0);

  useEffect(() => {
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    workerRef.current = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<LayoutResponse>) => {
      if (data.requestId === requestId.current) setLayout(data.layout);
    });
    worker.addEventListener("error", onFailed); // also when it can't be loaded, for example after an update of the server
    worker.addEventListener("messageerror", onFailed);
    return () => {
      workerRef.current = null;
      worker.terminate();
    };
  }, [onFailed]);
  useEffect(() => {
    requestId.current += 1;
    const request: LayoutRequest = { requestId: requestId.current, input: JSON.parse(input) as LayoutInput };
    workerRef.current?.postMessage(request);
  }, [input]);
  return layout;
}

function layoutInput(graph: Graph): LayoutInput {
  const order = (a: string, b: string) => (a < b ? -1 : 1);
  return {
    boxes: graph.boxes.map(({ id, namespace }) => ({ id, namespace })).sort((a, b) => order(a.id, b.id)),
    lines: [...new Map(graph.lines.map(({ from, to }) => [`${from} ${to}`, { from, to }]))]
      .sort(([a], [b]) => order(a, b))
      .map(([, line]) => line),
  };
}
