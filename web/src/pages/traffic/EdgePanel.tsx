// One edge: figures, charts, and of services the slowest tasks and lines of the access log.

import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import SplitPanel from "@cloudscape-design/components/split-panel";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { usePreferences } from "../../app/preferences.tsx";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Shown } from "../../parts/Shown.tsx";
import { countText, msText, percentText, rateText } from "../../traffic/format.ts";
import { DARK, LIGHT } from "../../traffic/palette.ts";
import { type Range, rangeText, spanOf, step } from "../../traffic/range.ts";
import { edgeWanted, readSeries } from "../../traffic/series.ts";
import { calledName, type Edge, type Member, type Party, partyId, partyName, toneOf } from "../../traffic/values.ts";
import { AccessLog } from "./AccessLog.tsx";
import { MetricChart } from "./MetricChart.tsx";
import { SlowestTargets } from "./SlowestTargets.tsx";

const STATUS = { good: "success", fair: "warning", bad: "error", none: "pending" } as const;

export interface EdgePanelProps {
  readonly edge: Edge;
  readonly members: readonly Member[];
  readonly range: Range;
}

export function EdgePanel({ edge, members, range }: EdgePanelProps) {
  const text = useText().traffic.panel;
  return (
    <SplitPanel header={text.edge(partyName(edge.caller), calledName(edge))} closeBehavior="hide">
      <SpaceBetween size="l">
        <Summary edge={edge} />
        <Charts edge={edge} range={range} />
        {edge.node || edge.protocol === "tcp" ? null : <SlowestTargets edge={edge} range={range} />}
        {edge.node ? null : <AccessLog edge={edge} members={members} range={range} />}
      </SpaceBetween>
    </SplitPanel>
  );
}

function Summary({ edge }: { edge: Edge }) {
  const text = useText().traffic;
  const { language } = usePreferences();
  const tone = toneOf(edge.success);
  const deploying = (party: Party) => edge.deploying.some((one) => partyId(one) === partyId(party));
  const items = [
    { label: text.table.caller, value: <PartyLink party={edge.caller} deploying={deploying(edge.caller)} /> },
    {
      label: text.panel.targets,
      value: (
        <SpaceBetween size="xxs">
          {edge.targets.map((party) => <PartyLink key={partyId(party)} party={party} deploying={deploying(party)} />)}
          {edge.targets.length === 0 ? text.panel.nobody : null}
        </SpaceBetween>
      ),
    },
    {
      label: text.table.success,
      value: <StatusIndicator type={STATUS[tone]}>{percentText(edge.success, language)}</StatusIndicator>,
    },
    {
      label: edge.protocol === "tcp" ? text.panel.connections : text.table.requests,
      value: `${countText(edge.requests, language)} (${rateText(edge.rate, language)})`,
    },
    { label: text.table.failures, value: countText(edge.failures, language) },
    { label: text.panel.times, value: [edge.p50, edge.p95, edge.p99].map((ms) => msText(ms, language)).join(" / ") + " ms" },
    { label: text.panel.retriesAndTimeouts, value: `${countText(edge.retries, language)} / ${countText(edge.timeouts, language)}` },
    { label: text.table.ejected, value: countText(edge.ejected, language) },
  ];
  return <KeyValuePairs columns={4} minColumnWidth={130} items={items} />;
}

/** Who it is; a service leads to its page. */
function PartyLink({ party, deploying }: { party: Party; deploying: boolean }) {
  const text = useText().traffic;
  if (party.kind !== "service") return `${partyName(party)} (${text.kinds[party.kind]})`;
  return (
    <>
      <Link href={href(paths.service(party.cluster, party.service))}>{partyName(party)}</Link>
      {deploying ? <StatusIndicator type="in-progress">{` ${text.table.deploying}`}</StatusIndicator> : null}
    </>
  );
}

function Charts({ edge, range }: { edge: Edge; range: Range }) {
  const text = useText().traffic.panel;
  const target = useTarget();
  const { dark } = usePreferences();
  const { tones } = dark ? DARK : LIGHT;
  const wanted = edgeWanted(edge, edge.protocol === "tcp");
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const found = useLive(["traffic-edge", edge.id, edge.protocol, rangeText(range)], topics, async (signal) => {
    const now = Date.now() / 1000;
    const span = spanOf(range, now);
    const groups = [wanted.traffic, wanted.times, wanted.codes, wanted.trouble, wanted.bytes];
    const series = await readSeries(target, groups.flat(), span, step(span, now), signal);
    const parts = groups.map((group) => series.splice(0, group.length));
    const [traffic = [], times = [], codes = [], trouble = [], bytes = []] = parts;
    return { span, traffic, times, codes, trouble, bytes };
  });
  const colors = {
    ...{ requests: tones.good, connections: tones.good, failures: tones.bad },
    ...{ "2XX": tones.good, "3XX": tones.none, "4XX": tones.fair, "5XX": tones.bad },
  };
  return (
    <Shown found={found}>
      {({ span, ...charts }) => (
        <ColumnLayout columns={2} minColumnWidth={320}>
          <MetricChart title={text.traffic} series={charts.traffic} span={span} kind="line" names={text.names} colors={colors} />
          {charts.times.length > 0 ? <MetricChart title={text.latency} unit="ms" series={charts.times} span={span} kind="line" /> : null}
          {charts.codes.length > 0 ? <MetricChart title={text.codes} series={charts.codes} span={span} kind="bar" colors={colors} /> : null}
          {charts.bytes.length > 0 ? <MetricChart title={text.bytes} series={charts.bytes} span={span} kind="line" names={text.names} /> : null}
          <MetricChart title={text.trouble} series={charts.trouble} span={span} kind="line" names={text.names} />
        </ColumnLayout>
      )}
    </Shown>
  );
}

/** What is said where nothing is. */
export function Nothing({ children }: { children: string }) {
  return <Box color="text-body-secondary">{children}</Box>;
}
