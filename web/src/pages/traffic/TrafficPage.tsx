// The traffic between services, live, as a map or a table.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useCallback, useMemo, useState } from "react";
import { PageLayout } from "../../app/PageLayout.tsx";
import { useText } from "../../i18n/useText.ts";
import type { LiveQuery } from "../../live/useLive.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import type { SceneItem } from "../../traffic/canvas/scene.ts";
import { useMesh } from "../../traffic/data/useMesh.ts";
import { useVpcs } from "../../traffic/data/useVpcs.ts";
import { buildGraph, type Graph, neighborhood } from "../../traffic/model/graph.ts";
import type { Mesh } from "../../traffic/model/mesh.ts";
import { EdgeTable } from "./EdgeTable.tsx";
import { Legend } from "./map/Legend.tsx";
import { MapUnavailable } from "./map/MapUnavailable.tsx";
import { MeshMap } from "./map/MeshMap.tsx";
import { Overview } from "./Overview.tsx";
import { BoxPanel } from "./panel/BoxPanel.tsx";
import { EdgePanel } from "./panel/EdgePanel.tsx";
import { LinePanel } from "./panel/LinePanel.tsx";
import { Toolbar } from "./Toolbar.tsx";
import { useView, type View, type ViewChange } from "./viewState.ts";

const NEIGHBORHOOD_STEPS = 2;
const LEGEND = <Legend />;

export default function TrafficPage() {
  const text = useText().traffic;
  const [view, change] = useView();
  const query = useMesh(view.range, view.namespace);
  const vpcs = useVpcs();
  const graph = useMemo(() => query.data && focusGraph(buildGraph(query.data, view.grouping, vpcs), view), [query.data, view, vpcs]);
  const panel = query.data && graph ? buildPanel(query.data, graph, view, change) : null;
  return (
    <PageLayout
      title={text.title}
      breadcrumbs={[{ text: text.title }]}
      contentType="dashboard"
      {...(panel === null ? {} : { splitPanel: panel, splitPanelOpen: true, onSplitPanelToggle: () => { change({ edge: null }); } })}
    >
      <SpaceBetween size="m">
        <Header variant="h1" description={text.description}>{text.title}</Header>
        <Container>
          <SpaceBetween size="s">
            <Toolbar view={view} change={change} members={query.data?.members} />
            <Overview view={view} change={change} mesh={query.data && graph ? displayedMesh(query.data, graph) : null} />
          </SpaceBetween>
        </Container>
        <MapOrTable query={query} graph={graph ?? null} view={view} change={change} />
      </SpaceBetween>
    </PageLayout>
  );
}

interface MapOrTableProps {
  readonly query: LiveQuery<Mesh>;
  readonly graph: Graph | null;
  readonly view: View;
  readonly change: (change: ViewChange) => void;
}

function MapOrTable({ query, graph, view, change }: MapOrTableProps) {
  const [mapFailed, setMapFailed] = useState(false);
  const onMapFailed = useCallback(() => { setMapFailed(true); }, []);
  const matches = useMemo(() => graph && matchingBoxes(graph, view.find), [graph, view.find]);
  const selected = useMemo(() => selectedItem(view.edge, graph), [view.edge, graph]);
  const select = (item: SceneItem | null) => {
    change({ edge: item === null ? null : item.kind === "box" ? `:${item.id}` : item.id });
  };
  return (
    <QueryContent query={query}>
      {(mesh) => {
        if (!graph) return null;
        if (view.as === "map" && graph.boxes.length === 0) return <EmptyMap />;
        if (view.as === "map" && !mapFailed) {
          return (
            <Container disableContentPaddings footer={LEGEND}>
              <MeshMap
                graph={graph}
                selected={selected}
                matches={matches}
                onSelect={select}
                onOpen={(box) => { change({ focus: box }); }}
                onFailed={onMapFailed}
              />
            </Container>
          );
        }
        const lines = new Set(graph.lines.flatMap((line) => line.edges.map((edge) => edge.id)));
        const edges = mesh.edges.filter((edge) => lines.has(edge.id) && matchesName(edge.id, view.find));
        return (
          <SpaceBetween size="m">
            {view.as === "map" ? <MapUnavailable onRetry={() => { setMapFailed(false); }} /> : null}
            <EdgeTable edges={edges} variant="container" onSelect={(edge) => { change({ edge: edge.id }); }} />
          </SpaceBetween>
        );
      }}
    </QueryContent>
  );
}

function EmptyMap() {
  const text = useText().traffic.noServices;
  return (
    <Container>
      <Box textAlign="center" padding="xxl">
        <Box variant="strong">{text.title}</Box>
        <Box color="text-body-secondary">{text.detail}</Box>
      </Box>
    </Container>
  );
}

/** The selected box, or the line with the selected edge, from the URL. */
function selectedItem(edge: View["edge"], graph: Graph | null): SceneItem | null {
  if (edge === null) return null;
  if (edge.startsWith(":")) return { kind: "box", id: edge.slice(1) };
  const line = graph?.lines.find(({ id, edges }) => id === edge || edges.some((one) => one.id === edge));
  return { kind: "line", id: line?.id ?? edge };
}

/** The neighborhood of the focused box; the whole graph without one. */
function focusGraph(graph: Graph, { focus }: View): Graph {
  return focus !== null && graph.boxes.some((box) => box.id === focus) ? neighborhood(graph, focus, NEIGHBORHOOD_STEPS) : graph;
}

/** The mesh with only the edges of the graph. */
function displayedMesh(mesh: Mesh, graph: Graph): Mesh {
  const displayed = new Set(graph.lines.flatMap((line) => line.edges.map((edge) => edge.id)));
  return { ...mesh, edges: mesh.edges.filter((edge) => displayed.has(edge.id)) };
}

function matchesName(name: string, find: string): boolean {
  return name.toLowerCase().includes(find.toLowerCase());
}

/** The ids of the boxes whose names contain the search text; null without a search. */
function matchingBoxes(graph: Graph, find: string): ReadonlySet<string> | null {
  return find === "" ? null : new Set(graph.boxes.filter((box) => matchesName(`${box.subtitle}/${box.title}`, find)).map((box) => box.id));
}

function buildPanel(mesh: Mesh, graph: Graph, view: View, change: (change: ViewChange) => void) {
  const selected = selectedItem(view.edge, graph);
  if (selected?.kind === "box") {
    const box = graph.boxes.find(({ id }) => id === selected.id);
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
  const line = graph.lines.find(({ id }) => id === selected?.id);
  const edge = line?.edges.length === 1 ? line.edges[0] : mesh.edges.find(({ id }) => id === view.edge);
  if (edge) return <EdgePanel edge={edge} edges={mesh.edges} members={mesh.members} range={view.range} />;
  return line ? <LinePanel line={line} graph={graph} onEdge={({ id }) => { change({ edge: id }); }} /> : null;
}
