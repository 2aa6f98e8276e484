// The panel of an edge: metrics and charts, and for services also the slowest tasks and the access log.

import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import SplitPanel from "@cloudscape-design/components/split-panel";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { href } from "../../../app/links.tsx";
import { paths } from "../../../app/paths.ts";
import { usePreferences } from "../../../app/preferences.tsx";
import { readSeries } from "../../../aws/series.ts";
import { useTarget } from "../../../aws/useTarget.ts";
import { useText } from "../../../i18n/useText.ts";
import { useLive } from "../../../live/useLive.ts";
import { QueryContent } from "../../../parts/QueryContent.tsx";
import { DARK, LIGHT } from "../../../traffic/canvas/palette.ts";
import { latencyUnit } from "../../../traffic/data/edgeMetrics.ts";
import { edgeChartQueries } from "../../../traffic/data/edgeSeries.ts";
import { formatCount, formatMs, formatPercent, formatRate } from "../../../traffic/model/format.ts";
import { type Edge, type Member, targetName, toneOf, type Workload, workloadId, workloadName } from "../../../traffic/model/mesh.ts";
import { chartPeriod, formatTimeRange, resolveTimeRange, type TimeRange } from "../../../traffic/model/timeRange.ts";
import { MetricChart } from "../MetricChart.tsx";
import { TONE_STATUS } from "../toneStatus.ts";
import { workloadLabel } from "../workloadLabel.ts";
import { AccessLog } from "./AccessLog.tsx";
import { Diagnosis } from "./Diagnosis.tsx";
import { SlowestTargets } from "./SlowestTargets.tsx";

export interface EdgePanelProps {
  readonly edge: Edge;
  readonly edges: readonly Edge[];
  readonly members: readonly Member[];
  readonly range: TimeRange;
}

export function EdgePanel({ edge, edges, members, range }: EdgePanelProps) {
  const words = useText().traffic;
  const text = words.panel;
  const isBalanced = edge.caller.kind === "loadBalancer"; // the proxies of tasks do not know its requests
  return (
    <SplitPanel header={text.edge(workloadLabel(edge.caller, words), targetName(edge))} closeBehavior="hide">
      <SpaceBetween size="l">
        <Diagnosis edge={edge} edges={edges} range={range} />
        <Summary edge={edge} />
        <Charts edge={edge} range={range} />
        {edge.node || isBalanced || edge.protocol === "tcp" ? null : <SlowestTargets edge={edge} range={range} />}
        {edge.node || isBalanced ? null : <AccessLog edge={edge} members={members} range={range} />}
      </SpaceBetween>
    </SplitPanel>
  );
}

function Summary({ edge }: { edge: Edge }) {
  const text = useText().traffic;
  const { language } = usePreferences();
  const tone = toneOf(edge.success);
  const deployingIds = new Set(edge.deploying.map(workloadId));
  const isDeploying = (workload: Workload) => deployingIds.has(workloadId(workload));
  const items = [
    { label: text.table.caller, value: <WorkloadLink workload={edge.caller} deploying={isDeploying(edge.caller)} /> },
    {
      label: text.panel.targets,
      value: (
        <SpaceBetween size="xxs">
          {edge.targets.map((workload) => <WorkloadLink key={workloadId(workload)} workload={workload} deploying={isDeploying(workload)} />)}
          {edge.targets.length === 0 ? text.panel.noTargets : null}
        </SpaceBetween>
      ),
    },
    {
      label: text.table.success,
      value: <StatusIndicator type={TONE_STATUS[tone]}>{formatPercent(edge.success, language)}</StatusIndicator>,
    },
    {
      label: edge.protocol === "tcp" ? text.panel.connections : text.table.requests,
      value: `${formatCount(edge.requests, language)} (${formatRate(edge.rate, language)})`,
    },
    { label: text.table.failures, value: formatCount(edge.failures, language) },
    { label: text.panel.times, value: [edge.p50, edge.p95, edge.p99].map((ms) => formatMs(ms, language)).join(" / ") + " ms" },
    { label: text.panel.retriesAndTimeouts, value: `${formatCount(edge.retries, language)} / ${formatCount(edge.timeouts, language)}` },
    { label: text.table.ejected, value: formatCount(edge.ejected, language) },
  ];
  return <KeyValuePairs columns={4} minColumnWidth={130} items={items} />;
}

/** The name of a workload. Services and load balancers link to their pages; workloads with proxies link to their traces. */
function WorkloadLink({ workload, deploying }: { workload: Workload; deploying: boolean }) {
  const text = useText().traffic;
  if (workload.kind === "outside") return <>{text.kinds.outside} <Box variant="span" color="text-body-secondary">{text.map.outsideDetail}</Box></>;
  if (workload.kind === "loadBalancer") return <Link href={href(paths.loadBalancer(workloadName(workload)))}>{workloadName(workload)}</Link>;
  if (workload.kind !== "service") {
    const traces = paths.tracesOf({ namespace: workload.cluster, service: workload.service });
    return <>{`${workloadName(workload)} (${text.kinds[workload.kind]})`} <Link href={href(traces)} fontSize="body-s">{text.panel.traces}</Link></>;
  }
  return (
    <>
      <Link href={href(paths.service(workload.cluster, workload.service))}>{workloadName(workload)}</Link>
      {" "}<Link href={href(paths.tracesOf({ cluster: workload.cluster, service: workload.service }))} fontSize="body-s">{text.panel.traces}</Link>
      {deploying ? <StatusIndicator type="in-progress">{` ${text.table.deploying}`}</StatusIndicator> : null}
    </>
  );
}

function Charts({ edge, range }: { edge: Edge; range: TimeRange }) {
  const text = useText().traffic.panel;
  const target = useTarget();
  const { dark } = usePreferences();
  const { tones } = dark ? DARK : LIGHT;
  const queries = edgeChartQueries(edge, edge.protocol === "tcp");
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const query = useLive(["traffic-edge", edge.id, edge.protocol, formatTimeRange(range)], topics, async (signal) => {
    const now = Date.now() / 1000;
    const span = resolveTimeRange(range, now);
    const groups = [queries.traffic, queries.times, queries.codes, queries.trouble, queries.bytes];
    const series = await readSeries(target, groups.flat(), span, chartPeriod(span, now), signal);
    const [traffic = [], times = [], codes = [], trouble = [], bytes = []] = groups.map((group) => series.splice(0, group.length));
    const unit = latencyUnit(edge);
    return { span, traffic, times: times.map(({ label, points }) => ({ label, points: points.map(({ x, y }) => ({ x, y: y * unit })) })), codes, trouble, bytes };
  });
  const colors = {
    ...{ requests: tones.good, connections: tones.good, failures: tones.bad },
    ...{ "2XX": tones.good, "3XX": tones.none, "4XX": tones.fair, "5XX": tones.bad },
  };
  return (
    <QueryContent query={query}>
      {({ span, ...charts }) => (
        <ColumnLayout columns={2} minColumnWidth={320}>
          <MetricChart title={text.traffic} series={charts.traffic} span={span} kind="line" names={text.names} colors={colors} />
          {charts.times.length > 0 ? <MetricChart title={text.latency} unit="ms" series={charts.times} span={span} kind="line" /> : null}
          {charts.codes.length > 0 ? <MetricChart title={text.codes} series={charts.codes} span={span} kind="bar" colors={colors} /> : null}
          {charts.bytes.length > 0 ? <MetricChart title={text.bytes} series={charts.bytes} span={span} kind="line" names={text.names} /> : null}
          {charts.trouble.length > 0 ? <MetricChart title={edge.caller.kind === "loadBalancer" ? text.names.connectionErrors : text.trouble} series={charts.trouble} span={span} kind="line" names={text.names} /> : null}
        </ColumnLayout>
      )}
    </QueryContent>
  );
}
