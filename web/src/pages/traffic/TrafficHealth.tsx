// The tab "Traffic health" of a service, as in AWS's console: inbound traffic by discovery name, and outbound traffic by
// target discovery name.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useSearchParams } from "react-router";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import type { TimeSpan } from "../../aws/metrics.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { type MetricSeries, readServiceMetrics, type ServiceTraffic } from "../../traffic/data/serviceMetrics.ts";
import { chartPeriod, formatTimeRange, parseTimeRange, resolveTimeRange, type TimeRange } from "../../traffic/model/timeRange.ts";
import { MetricChart } from "./MetricChart.tsx";
import { RangePicker } from "./RangePicker.tsx";

const INITIAL_RANGE = "1h";

export function TrafficHealth({ cluster, service }: { cluster: string; service: string }) {
  const text = useText().traffic.health;
  const [params, setParams] = useSearchParams(); // the URL has the range, so that it can be shared
  const range = parseTimeRange(params.get("range") ?? INITIAL_RANGE);
  const setRange = (selected: TimeRange) => { setParams({ range: formatTimeRange(selected) }, { replace: true }); };
  const map = `${paths.traffic}?focus=${encodeURIComponent(`${cluster}/${service}`)}`;
  return (
    <SpaceBetween size="l">
      <Header
        variant="h2"
        description={text.description}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <RangePicker range={range} onChange={setRange} />
            <Button href={href(paths.tracesOf({ cluster, service }))}>{text.traces}</Button>
            <Button href={href(map)}>{text.map}</Button>
          </SpaceBetween>
        }
      >
        {text.title}
      </Header>
      <DirectionCharts cluster={cluster} service={service} direction="in" range={range} />
      <DirectionCharts cluster={cluster} service={service} direction="out" range={range} />
    </SpaceBetween>
  );
}

function DirectionCharts({ range, ...traffic }: ServiceTraffic & { readonly range: TimeRange }) {
  const { cluster, service, direction } = traffic;
  const text = useText().traffic.health;
  const target = useTarget();
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const query = useLive(["traffic-health", cluster, service, direction, formatTimeRange(range)], topics, async (signal) => {
    const now = Date.now() / 1000;
    const span = resolveTimeRange(range, now);
    const charts = await readServiceMetrics(target, traffic, { span, period: chartPeriod(span, now) }, signal);
    return { span, charts: charts.filter(hasPoints) };
  });
  return (
    <Container
      header={<Header variant="h3" description={direction === "in" ? text.byName : text.byTarget}>{direction === "in" ? text.inbound : text.outbound}</Header>}
    >
      <QueryContent query={query}>
        {({ span, charts }) => (charts.length === 0 ? <Box color="text-body-secondary">{direction === "in" ? text.noInbound : text.noOutbound}</Box> : <Charts span={span} charts={charts} />)}
      </QueryContent>
    </Container>
  );
}

function hasPoints(chart: MetricSeries): boolean {
  return chart.series.some(({ points }) => points.some(({ y }) => y > 0));
}

function Charts({ span, charts }: { span: TimeSpan; charts: readonly MetricSeries[] }) {
  return (
    <ColumnLayout columns={2}>
      {charts.map(({ metric, stat, series }) => (
        <MetricChart key={metric} title={metric} unit={stat} series={series} span={span} kind="line" />
      ))}
    </ColumnLayout>
  );
}
