// A chart of a few metrics over a time span.

import Box from "@cloudscape-design/components/box";
import MixedLineBarChart, { type MixedLineBarChartProps } from "@cloudscape-design/components/mixed-line-bar-chart";
import { usePreferences } from "../../app/preferences.tsx";
import type { TimeSpan } from "../../aws/metrics.ts";
import { downsample, type Series } from "../../aws/series.ts";
import { useText } from "../../i18n/useText.ts";
import { durationSeconds } from "../../traffic/model/timeRange.ts";

export interface MetricChartProps {
  readonly title: string;
  readonly unit?: string;
  readonly series: readonly Series[];
  readonly span: TimeSpan;
  readonly kind: "line" | "bar";
  readonly names?: Readonly<Record<string, string>>;
  readonly colors?: Readonly<Record<string, string>>;
}

const HEIGHT = 160;
const MAX_BARS = 60;
const SECONDS_SHOWN = 600; // seconds; the ticks of a longer span have no seconds

export function MetricChart({ title, unit, series, span, kind, names, colors }: MetricChartProps) {
  const text = useText().traffic;
  const { language } = usePreferences();
  const displayed = kind === "bar" ? downsample(series, MAX_BARS) : series;
  const chartSeries = displayed.map(({ label, points }): MixedLineBarChartProps.ChartSeries<Date> => ({
    type: kind,
    title: names?.[label] ?? label,
    data: [...points],
    ...(colors?.[label] === undefined ? {} : { color: colors[label] }),
    valueFormatter: (value: number) => formatValue(value, language),
  }));
  const max = Math.max(0, ...(kind === "bar" ? stackHeights(displayed) : series.flatMap(({ points }) => points.map(({ y }) => y))));
  return (
    <div>
      <Box variant="awsui-key-label" padding={{ bottom: "xs" }}>{unit ? `${title} (${unit})` : title}</Box>
      <MixedLineBarChart
        series={chartSeries}
        height={HEIGHT}
        hideFilter
        xScaleType={kind === "bar" ? "categorical" : "time"}
        {...(kind === "line" ? { xDomain: [new Date(span.start * 1000), new Date(span.end * 1000)] } : {})}
        yDomain={[0, Math.max(max * 1.05, 1)]}
        stackedBars={kind === "bar"}
        ariaLabel={title}
        xTickFormatter={(time) => formatTime(time, span, language)}
        yTickFormatter={(value) => formatTick(value, language)}
        empty={<Box textAlign="center" color="text-body-secondary">{text.panel.nothing}</Box>}
      />
    </div>
  );
}

function stackHeights(series: readonly Series[]): number[] {
  const sums = new Map<number, number>();
  for (const { points } of series) for (const { x, y } of points) sums.set(x.getTime(), (sums.get(x.getTime()) ?? 0) + y);
  return [...sums.values()];
}

function formatTime(time: Date, span: TimeSpan, locale: string): string {
  const hasSeconds = durationSeconds(span) <= SECONDS_SHOWN;
  return time.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", ...(hasSeconds ? { second: "2-digit", hourCycle: "h23" } : {}) });
}

function formatValue(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(value);
}

function formatTick(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { notation: Math.abs(value) >= 10_000 ? "compact" : "standard", maximumFractionDigits: 1 }).format(value);
}
