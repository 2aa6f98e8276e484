// The panel of a line with several edges: a table of them.

import SplitPanel from "@cloudscape-design/components/split-panel";
import { useText } from "../../../i18n/useText.ts";
import type { Graph, GraphLine } from "../../../traffic/model/graph.ts";
import type { Edge } from "../../../traffic/model/mesh.ts";
import { EdgeTable } from "../EdgeTable.tsx";

export function LinePanel({ line, graph, onEdge }: { line: GraphLine; graph: Graph; onEdge: (edge: Edge) => void }) {
  const text = useText().traffic;
  const nameOf = (id: string) => {
    const box = graph.boxes.find((one) => one.id === id);
    return box?.kind === "outside" ? text.kinds.outside : (box?.title ?? id);
  };
  return (
    <SplitPanel header={text.panel.edge(nameOf(line.from), nameOf(line.to))} closeBehavior="hide">
      <EdgeTable edges={line.edges} variant="embedded" onSelect={onEdge} />
    </SplitPanel>
  );
}
