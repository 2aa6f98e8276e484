// The edges that one line stands for, between two clusters.

import SplitPanel from "@cloudscape-design/components/split-panel";
import { useText } from "../../i18n/useText.ts";
import type { Line } from "../../traffic/graph.ts";
import type { Edge } from "../../traffic/values.ts";
import { EdgeTable } from "./EdgeTable.tsx";

export function LinePanel({ line, onEdge }: { line: Line; onEdge: (edge: Edge) => void }) {
  const text = useText().traffic.panel;
  const end = (id: string) => id.split("|").at(-1) ?? id;
  return (
    <SplitPanel header={text.edge(end(line.from), end(line.to))} closeBehavior="hide">
      <EdgeTable edges={line.edges} variant="embedded" onChoose={onEdge} />
    </SplitPanel>
  );
}
