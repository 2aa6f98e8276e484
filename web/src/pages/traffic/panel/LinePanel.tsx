// The panel of a line between two clusters: a table of its edges.

import SplitPanel from "@cloudscape-design/components/split-panel";
import { useText } from "../../../i18n/useText.ts";
import type { GraphLine } from "../../../traffic/model/graph.ts";
import type { Edge } from "../../../traffic/model/mesh.ts";
import { EdgeTable } from "../EdgeTable.tsx";

export function LinePanel({ line, onEdge }: { line: GraphLine; onEdge: (edge: Edge) => void }) {
  const text = useText().traffic.panel;
  const clusterOf = (id: string) => id.split("|").at(-1) ?? id;
  return (
    <SplitPanel header={text.edge(clusterOf(line.from), clusterOf(line.to))} closeBehavior="hide">
      <EdgeTable edges={line.edges} variant="embedded" onSelect={onEdge} />
    </SplitPanel>
  );
}
