// A line chart of CloudWatch metrics.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import LineChart from "@cloudscape-design/components/line-chart";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import type { TimeSpan } from "../aws/metrics.ts";
import type { Series } from "../aws/series.ts";
import { useLanguage, useText } from "../i18n/useText.ts";

export interface TimeSeriesChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly span: TimeSpan;
  readonly loading: boolean;
  readonly formatValue: (value: number) => string;
  /** The smallest end of the y axis. */
  readonly minScale: number;
}

const HEIGHT = 180;

export function TimeSeriesChart({ title, series, span, loading, formatValue, minScale }: TimeSeriesChartProps) {
  const text = useText().parts.chart;
  const language = useLanguage();
  const max = Math.max(minScale, ...series.flatMap(({ points }) => points.map(({ y }) => y)));
  const tickFormat = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" });
  const hasData = series.some(({ points }) => points.length > 0);
  return (
    <Container header={<Header variant="h3">{title}</Header>} fitHeight>
      <LineChart
        ariaLabel={title}
        height={HEIGHT}
        hideFilter
        hideLegend={series.length < 2}
        statusType={loading ? "loading" : "finished"}
        loadingText={text.loading}
        xScaleType="time"
        xDomain={[new Date(span.start * 1000), new Date(span.end * 1000)]}
        yDomain={[0, max * 1.1]}
        xTitle={text.time}
        xTickFormatter={(time) => tickFormat.format(time)}
        yTickFormatter={formatValue}
        i18nStrings={{ detailPopoverDismissAriaLabel: text.dismiss }}
        series={series.map(({ label, points }) => ({ type: "line" as const, title: label, data: points, valueFormatter: formatValue }))}
        detailPopoverSeriesContent={({ series: { title: key }, y }) => ({ key, value: formatValue(y) })}
        detailPopoverFooter={(time) => exactFormat.format(time)}
        empty={<Box textAlign="center" color="text-body-secondary">{hasData ? "" : text.noData}</Box>}
      />
    </Container>
  );
}

const RANGES = [15, 60, 180, 720, 1440] as const; // minutes

/** Selects how many minutes a chart looks back. */
export function ChartRangeControl({ minutes, onChange }: { minutes: number; onChange: (minutes: number) => void }) {
  const text = useText().parts.chart;
  return (
    <SegmentedControl
      label={text.range}
      selectedId={String(minutes)}
      options={RANGES.map((range) => ({ id: String(range), text: range < 60 ? text.minutes(range) : text.hours(range / 60) }))}
      onChange={({ detail }) => { onChange(Number(detail.selectedId)); }}
    />
  );
}

/** The span that ends now, and the period for about a hundred points; the span starts and ends with whole periods. */
export function recentSpan(minutes: number, now = Date.now()): { span: TimeSpan; period: number } {
  const period = Math.max(minutes <= 15 ? 5 : 60, Math.ceil(minutes / 100) * 60 * (minutes <= 100 ? 0 : 1));
  const end = Math.floor(now / 1000 / period) * period;
  return { span: { start: end - minutes * 60, end }, period };
}
