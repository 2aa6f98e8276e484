// The panel of a box: its callers and targets.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import SplitPanel from "@cloudscape-design/components/split-panel";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { href } from "../../../app/links.tsx";
import { paths } from "../../../app/paths.ts";
import { usePreferences } from "../../../app/preferences.tsx";
import { useText } from "../../../i18n/useText.ts";
import { formatMs, formatPercent, formatRate } from "../../../traffic/model/format.ts";
import type { Graph, GraphBox, GraphLine } from "../../../traffic/model/graph.ts";
import { meshId } from "../../../traffic/model/mesh.ts";
import { TONE_STATUS } from "../toneStatus.ts";

export interface BoxPanelProps {
  readonly box: GraphBox;
  readonly graph: Graph;
  readonly focused: boolean;
  readonly onFocus: (id: string | null) => void;
  readonly onLine: (id: string) => void;
}

export function BoxPanel({ box, graph, focused, onFocus, onLine }: BoxPanelProps) {
  const { panel: text, kinds } = useText().traffic;
  const [cluster, service] = box.id.split("/");
  const traced = tracedBox(box);
  const incoming = graph.lines.filter((line) => line.to === box.id);
  const outgoing = graph.lines.filter((line) => line.from === box.id);
  const titles = new Map(graph.boxes.map(({ id, kind, title }) => [id, kind === "outside" ? kinds.outside : title]));
  const name = (id: string) => titles.get(id) ?? id;
  return (
    <SplitPanel header={box.subtitle === "" ? name(box.id) : `${box.subtitle}/${box.title}`} closeBehavior="hide">
      <SpaceBetween size="m">
        <SpaceBetween size="s" direction="horizontal">
          <Button iconName={focused ? "undo" : "zoom-to-fit"} onClick={() => { onFocus(focused ? null : box.id); }}>
            {focused ? text.unfocus : text.focus}
          </Button>
          {box.kind === "service" && cluster && service ? (
            <Button href={href(paths.service(cluster, service))}>{text.service}</Button>
          ) : null}
          {traced === null ? null : <Button href={href(paths.tracesOf(traced))}>{text.traces}</Button>}
          {box.kind === "loadBalancer" ? <Button href={href(paths.loadBalancer(box.title))}>{text.loadBalancer}</Button> : null}
          {box.kind === "virtualNode" || box.kind === "virtualGateway" ? <Box color="text-body-secondary">{kinds[box.kind]}</Box> : null}
          {box.deploying ? <StatusIndicator type="in-progress">{text.deploying}</StatusIndicator> : null}
        </SpaceBetween>
        <ColumnLayout columns={2} minColumnWidth={260} variant="text-grid">
          <Lines title={text.callers} lines={incoming} name={(line) => name(line.from)} onLine={onLine} />
          <Lines title={text.called} lines={outgoing} name={(line) => name(line.to)} onLine={onLine} />
        </ColumnLayout>
      </SpaceBetween>
    </SplitPanel>
  );
}

/** The names that spans have for the workload of a box; null if the box has no proxies. */
function tracedBox({ kind, id, namespace, title }: GraphBox): { service: string; cluster?: string; namespace?: string } | null {
  const [cluster, service] = id.split("/");
  if (kind === "service" && cluster && service) return { cluster, service };
  return kind === "virtualNode" || kind === "virtualGateway" ? { namespace: namespace.slice(meshId("").length), service: title } : null;
}

interface LinesProps {
  readonly title: string;
  readonly lines: readonly GraphLine[];
  readonly name: (line: GraphLine) => string;
  readonly onLine: (id: string) => void;
}

function Lines({ title, lines, name, onLine }: LinesProps) {
  const text = useText().traffic.panel;
  const { language } = usePreferences();
  const worstFirst = [...lines].sort((a, b) => (a.success ?? 2) - (b.success ?? 2) || b.rate - a.rate);
  return (
    <div>
      <Box variant="h3">{`${title} (${lines.length})`}</Box>
      {lines.length === 0 ? <Box color="text-body-secondary">{text.none}</Box> : null}
      <SpaceBetween size="xxs">
        {worstFirst.map((line) => (
          <div key={line.id}>
            <StatusIndicator type={TONE_STATUS[line.tone]}>{formatPercent(line.success, language)}</StatusIndicator>{" "}
            <Link href="#" onFollow={(event) => { event.preventDefault(); onLine(line.id); }}>{name(line)}</Link>{" "}
            <Box variant="span" color="text-body-secondary">
              {`${formatRate(line.rate, language)}  p99 ${formatMs(line.p99, language)} ms`}
            </Box>
          </div>
        ))}
      </SpaceBetween>
    </div>
  );
}
