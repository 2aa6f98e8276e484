// Charts of CloudWatch metrics of a load balancer or a target group, over the time range in the page's URL.

import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import { useSearchParams } from "react-router";
import { readSeries, type Series, type SeriesQuery } from "../../aws/series.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { DARK, LIGHT } from "../../traffic/canvas/palette.ts";
import { chartPeriod, formatTimeRange, parseTimeRange, resolveTimeRange } from "../../traffic/model/timeRange.ts";
import { MetricChart } from "../traffic/MetricChart.tsx";
import { RangePicker } from "../traffic/RangePicker.tsx";

export interface Chart {
  readonly title: string;
  readonly unit?: string;
  /** The factor between CloudWatch's unit and the chart's. */
  readonly scale?: number;
  readonly kind: "line" | "bar";
  readonly queries: readonly SeriesQuery[];
}

const INITIAL_RANGE = "1h";

/** `id`: the id of the charts' resource. */
export function MetricCharts({ id, charts }: { id: string; charts: readonly Chart[] }) {
  const text = useText().loadBalancers.monitoring;
  const target = useTarget();
  const { tones } = usePreferences().dark ? DARK : LIGHT;
  const [params, setParams] = useSearchParams();
  const range = parseTimeRange(params.get("range") ?? INITIAL_RANGE);
  const queries = charts.flatMap((chart) => chart.queries);
  const topics = range.kind === "last" ? [{ kind: "metrics" }] : [];
  const query = useLive(["metric-charts", id, formatTimeRange(range), queries.length], topics, async (signal) => {
    const now = Date.now() / 1000;
    const span = resolveTimeRange(range, now);
    return { span, series: await readSeries(target, queries, span, chartPeriod(span, now), signal) };
  });
  const colors = { "2XX": tones.good, "3XX": tones.none, "4XX": tones.fair, "5XX": tones.bad };
  return (
    <Container
      header={
        <Header variant="h2" actions={<RangePicker range={range} onChange={(selected) => { setParams({ range: formatTimeRange(selected) }, { replace: true }); }} />}>
          {text.title}
        </Header>
      }
    >
      <QueryContent query={query}>
        {({ span, series }) => (
          <ColumnLayout columns={2} minColumnWidth={320}>
            {charts.map((chart, index) => {
              const first = charts.slice(0, index).reduce((count, previous) => count + previous.queries.length, 0);
              const chartSeries = series.slice(first, first + chart.queries.length);
              return (
                <MetricChart
                  key={chart.title}
                  title={chart.title}
                  {...(chart.unit === undefined ? {} : { unit: chart.unit })}
                  series={chart.scale === undefined ? chartSeries : chartSeries.map((one) => scaled(one, chart.scale ?? 1))}
                  span={span}
                  kind={chart.kind}
                  colors={colors}
                />
              );
            })}
          </ColumnLayout>
        )}
      </QueryContent>
    </Container>
  );
}

function scaled({ label, points }: Series, factor: number): Series {
  return { label, points: points.map(({ x, y }) => ({ x, y: y * factor })) };
}
