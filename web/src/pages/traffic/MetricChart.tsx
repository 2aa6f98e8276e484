// One chart of a few metrics over the range.

import Box from "@cloudscape-design/components/box";
import MixedLineBarChart, { type MixedLineBarChartProps } from "@cloudscape-design/components/mixed-line-bar-chart";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import { seconds } from "../../traffic/range.ts";
import { fewer, type Series } from "../../traffic/series.ts";
import type { Span } from "../../traffic/values.ts";

export interface MetricChartProps {
  readonly title: string;
  readonly unit?: string;
  readonly series: readonly Series[];
  readonly span: Span;
  readonly kind: "line" | "bar";
  readonly names?: Readonly<Record<string, string>>;
  readonly colors?: Readonly<Record<string, string>>;
}

const HEIGHT = 160;
const BARS = 60; // the most that a chart has room for, with a gap between them
const SHORT = 600; // seconds up to which the ticks are told apart by their seconds

export function MetricChart({ title, unit, series, span, kind, names, colors }: MetricChartProps) {
  const text = useText().traffic;
  const { language } = usePreferences();
  const merged = kind === "bar" ? fewer(series, BARS) : series;
  const shown = merged.map((one): MixedLineBarChartProps.ChartSeries<Date> => ({
    type: kind,
    title: names?.[one.label] ?? one.label,
    data: [...one.points],
    ...colored(colors?.[one.label]),
    valueFormatter: (value: number) => exact(value, language),
  }));
  const most = Math.max(0, ...(kind === "bar" ? stacks(merged) : series.flatMap((one) => one.points.map((point) => point.y))));
  return (
    <div>
      <Box variant="awsui-key-label" padding={{ bottom: "xs" }}>{unit ? `${title} (${unit})` : title}</Box>
      <MixedLineBarChart
        series={shown}
        height={HEIGHT}
        hideFilter
        xScaleType={kind === "bar" ? "categorical" : "time"}
        {...(kind === "line" ? { xDomain: [new Date(span.start * 1000), new Date(span.end * 1000)] } : {})}
        yDomain={[0, Math.max(most * 1.05, 1)]}
        stackedBars={kind === "bar"}
        ariaLabel={title}
        xTickFormatter={(at) => time(at, span, language)}
        yTickFormatter={(value) => number(value, language)}
        empty={<Box textAlign="center" color="text-body-secondary">{text.panel.nothing}</Box>}
      />
    </div>
  );
}

function colored(color: string | undefined): { color?: string } {
  return color === undefined ? {} : { color };
}

function stacks(series: readonly Series[]): number[] {
  const sums = new Map<number, number>();
  for (const { points } of series) for (const { x, y } of points) sums.set(x.getTime(), (sums.get(x.getTime()) ?? 0) + y);
  return [...sums.values()];
}

function time(at: Date, span: Span, locale: string): string {
  const short = seconds(span) <= SHORT;
  return at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", ...(short ? { second: "2-digit", hourCycle: "h23" } : {}) });
}

function exact(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(value);
}

function number(value: number, locale: string): string {
  return new Intl.NumberFormat(locale, { notation: Math.abs(value) >= 10_000 ? "compact" : "standard", maximumFractionDigits: 1 }).format(value);
}
