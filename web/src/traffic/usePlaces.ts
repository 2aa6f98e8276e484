// A layout for what is to be drawn, made in a worker whenever boxes or lines come or go, and kept while only figures change.

import { useEffect, useMemo, useRef, useState } from "react";
import type { Graph } from "./graph.ts";
import type { Layout, Shape } from "./layout.ts";
import { whenLost } from "./worker.ts";

/** Null until there is a first one. */
export function usePlaces(graph: Graph, onFailed: () => void): Layout | null {
  const shape = useMemo(() => JSON.stringify(shapeOf(graph)), [graph]);
  const [layout, setLayout] = useState<Layout | null>(null);
  const worker = useRef<Worker | null>(null);
  const turn = useRef(0);

  useEffect(() => {
    const made = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    worker.current = made;
    made.addEventListener("message", (event: MessageEvent<{ turn: number; layout: Layout }>) => {
      if (event.data.turn === turn.current) setLayout(event.data.layout);
    });
    whenLost(made, onFailed);
    return () => {
      worker.current = null;
      made.terminate();
    };
  }, [onFailed]);
  useEffect(() => {
    turn.current += 1;
    worker.current?.postMessage({ turn: turn.current, shape: JSON.parse(shape) as Shape });
  }, [shape]);
  return layout;
}

function shapeOf(graph: Graph): Shape {
  const order = (a: string, b: string) => (a < b ? -1 : 1);
  return {
    boxes: graph.boxes.map(({ id, block }) => ({ id, block })).sort((a, b) => order(a.id, b.id)),
    lines: [...new Map(graph.lines.map(({ from, to }) => [`${from} ${to}`, { from, to }]))]
      .sort(([a], [b]) => order(a, b))
      .map(([, line]) => line),
  };
}
