// Who calls whom, live: a map, the same as a table, and one time that all numbers follow. The address holds what is shown.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useCallback, useMemo, useState } from "react";
import { Frame } from "../../app/Frame.tsx";
import { useText } from "../../i18n/useText.ts";
import type { Found } from "../../live/useLive.ts";
import { Shown } from "../../parts/Shown.tsx";
import { type Graph, graphOf, neighbourhood } from "../../traffic/graph.ts";
import type { Hit } from "../../traffic/scene.ts";
import { useMesh } from "../../traffic/useMesh.ts";
import { useVpcs } from "../../traffic/useVpcs.ts";
import { useView, type View, type ViewChange } from "../../traffic/useView.ts";
import type { Mesh } from "../../traffic/values.ts";
import { BoxPanel } from "./BoxPanel.tsx";
import { EdgePanel } from "./EdgePanel.tsx";
import { EdgeTable } from "./EdgeTable.tsx";
import { Legend } from "./Legend.tsx";
import { LinePanel } from "./LinePanel.tsx";
import { MeshMap } from "./MeshMap.tsx";
import { Overview } from "./Overview.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { Undrawn } from "./Undrawn.tsx";

const STEPS = 2; // how far the surroundings of a service reach
const LEGEND = <Legend />;

export default function TrafficPage() {
  const text = useText().traffic;
  const [view, change] = useView();
  const found = useMesh(view.range, view.namespace);
  const vpcs = useVpcs();
  const graph = useMemo(() => found.data && seen(graphOf(found.data, view.grouping, vpcs), view), [found.data, view, vpcs]);
  const panel = found.data && graph ? panelOf(found.data, graph, view, change) : null;
  return (
    <Frame
      title={text.title}
      breadcrumbs={[{ text: text.title }]}
      contentType="dashboard"
      {...(panel === null ? {} : { splitPanel: panel, splitPanelOpen: true, onSplitPanelToggle: () => { change({ edge: null }); } })}
    >
      <SpaceBetween size="m">
        <Header variant="h1" description={text.description}>{text.title}</Header>
        <Container>
          <SpaceBetween size="s">
            <Toolbar view={view} change={change} members={found.data?.members} />
            <Overview view={view} change={change} mesh={found.data && graph ? shownOf(found.data, graph) : null} />
          </SpaceBetween>
        </Container>
        <Picture found={found} graph={graph ?? null} view={view} change={change} />
      </SpaceBetween>
    </Frame>
  );
}

interface PictureProps {
  readonly found: Found<Mesh>;
  readonly graph: Graph | null;
  readonly view: View;
  readonly change: (change: ViewChange) => void;
}

function Picture({ found, graph, view, change }: PictureProps) {
  const [failed, setFailed] = useState(false);
  const fail = useCallback(() => { setFailed(true); }, []);
  const searched = useMemo(() => graph && foundBoxes(graph, view.find), [graph, view.find]);
  const chosen = useMemo(() => chosenOf(view.edge), [view.edge]);
  const choose = (hit: Hit | null) => {
    change({ edge: hit === null ? null : hit.kind === "box" ? `:${hit.id}` : hit.id });
  };
  return (
    <Shown found={found}>
      {(mesh) => {
        if (!graph) return null;
        if (view.as === "map" && graph.boxes.length === 0) return <Nobody />;
        if (view.as === "map" && !failed) {
          return (
            <Container disableContentPaddings footer={LEGEND}>
              <MeshMap
                graph={graph}
                chosen={chosen}
                found={searched}
                onChoose={choose}
                onOpen={(box) => { change({ focus: box }); }}
                onFailed={fail}
              />
            </Container>
          );
        }
        const lines = new Set(graph.lines.flatMap((line) => line.edges.map((edge) => edge.id)));
        const edges = mesh.edges.filter((edge) => lines.has(edge.id) && named(edge.id, view.find));
        return (
          <SpaceBetween size="m">
            {view.as === "map" ? <Undrawn onRetry={() => { setFailed(false); }} /> : null}
            <EdgeTable edges={edges} variant="container" onChoose={(edge) => { change({ edge: edge.id }); }} />
          </SpaceBetween>
        );
      }}
    </Shown>
  );
}

/** In the place of a map without a box. */
function Nobody() {
  const text = useText().traffic.nobody;
  return (
    <Container>
      <Box textAlign="center" padding="xxl">
        <Box variant="strong">{text.title}</Box>
        <Box color="text-body-secondary">{text.detail}</Box>
      </Box>
    </Container>
  );
}

function chosenOf(edge: View["edge"]): Hit | null {
  if (edge === null) return null;
  return edge.startsWith(":") ? { kind: "box", id: edge.slice(1) } : { kind: "line", id: edge };
}

function seen(graph: Graph, view: View): Graph {
  const focus = view.focus;
  return focus !== null && graph.boxes.some((box) => box.id === focus) ? neighbourhood(graph, focus, STEPS) : graph;
}

/** The mesh without the edges that are not shown. */
function shownOf(mesh: Mesh, graph: Graph): Mesh {
  const shown = new Set(graph.lines.flatMap((line) => line.edges.map((edge) => edge.id)));
  return { ...mesh, edges: mesh.edges.filter((edge) => shown.has(edge.id)) };
}

function named(id: string, find: string): boolean {
  return id.toLowerCase().includes(find.toLowerCase());
}

function foundBoxes(graph: Graph, find: string): ReadonlySet<string> | null {
  return find === "" ? null : new Set(graph.boxes.filter((box) => named(`${box.subtitle}/${box.title}`, find)).map((box) => box.id));
}

function panelOf(mesh: Mesh, graph: Graph, view: View, change: (change: ViewChange) => void) {
  const chosen = chosenOf(view.edge);
  if (chosen?.kind === "box") {
    const box = graph.boxes.find((one) => one.id === chosen.id);
    if (!box) return null;
    return (
      <BoxPanel
        box={box}
        graph={graph}
        focused={view.focus === box.id}
        onFocus={(focus) => { change({ focus }); }}
        onLine={(edge) => { change({ edge }); }}
      />
    );
  }
  const line = graph.lines.find((one) => one.id === chosen?.id);
  const edge = line?.edges.length === 1 ? line.edges[0] : mesh.edges.find((one) => one.id === chosen?.id);
  if (edge) return <EdgePanel edge={edge} members={mesh.members} range={view.range} />;
  return line ? <LinePanel line={line} onEdge={(one) => { change({ edge: one.id }); }} /> : null;
}
