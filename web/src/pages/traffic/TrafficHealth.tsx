// A service's traffic health, as AWS's console has it: what comes in by discovery name, what goes out by target discovery
// name. For the page of a service.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useSearchParams } from "react-router";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Shown } from "../../parts/Shown.tsx";
import { type Chart, readHealth } from "../../traffic/health.ts";
import { parseRange, type Range, rangeText, spanOf, step } from "../../traffic/range.ts";
import type { Span } from "../../traffic/values.ts";
import { MetricChart } from "./MetricChart.tsx";
import { RangePicker } from "./RangePicker.tsx";

const FIRST = "1h";

export function TrafficHealth({ cluster, service }: { cluster: string; service: string }) {
  const text = useText().traffic.health;
  const [params, setParams] = useSearchParams(); // the address holds the time, so that it can be sent to somebody
  const range = parseRange(params.get("range") ?? FIRST);
  const setRange = (chosen: Range) => { setParams({ range: rangeText(chosen) }, { replace: true }); };
  const map = `${paths.traffic}?focus=${encodeURIComponent(`${cluster}/${service}`)}`;
  return (
    <SpaceBetween size="l">
      <Header
        variant="h2"
        description={text.description}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <RangePicker range={range} onChange={setRange} />
            <Button href={href(map)}>{text.map}</Button>
          </SpaceBetween>
        }
      >
        {text.title}
      </Header>
      <Side cluster={cluster} service={service} side="in" range={range} />
      <Side cluster={cluster} service={service} side="out" range={range} />
    </SpaceBetween>
  );
}

interface SideProps {
  readonly cluster: string;
  readonly service: string;
  readonly side: "in" | "out";
  readonly range: Range;
}

function Side({ cluster, service, side, range }: SideProps) {
  const text = useText().traffic.health;
  const target = useTarget();
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const found = useLive(["traffic-health", cluster, service, side, rangeText(range)], topics, async (signal) => {
    const now = Date.now() / 1000;
    const span = spanOf(range, now);
    const charts = await readHealth(target, { cluster, service, side }, { span, period: step(span, now) }, signal);
    return { span, charts: charts.filter(hasPoints) };
  });
  return (
    <Container
      header={<Header variant="h3" description={side === "in" ? text.byName : text.byTarget}>{side === "in" ? text.inbound : text.outbound}</Header>}
    >
      <Shown found={found}>
        {({ span, charts }) => (charts.length === 0 ? <Box color="text-body-secondary">{side === "in" ? text.noInbound : text.noOutbound}</Box> : <Charts span={span} charts={charts} />)}
      </Shown>
    </Container>
  );
}

function hasPoints(chart: Chart): boolean {
  return chart.series.some((one) => one.points.some((point) => point.y > 0));
}

function Charts({ span, charts }: { span: Span; charts: readonly Chart[] }) {
  return (
    <ColumnLayout columns={2}>
      {charts.map(({ metric, stat, series }) => (
        <MetricChart key={metric} title={metric} unit={stat} series={series} span={span} kind="line" />
      ))}
    </ColumnLayout>
  );
}
