// A chart of CloudWatch's figures over time.

import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import LineChart from "@cloudscape-design/components/line-chart";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import type { ReactNode } from "react";
import type { Line, Span } from "../aws/figures.ts";
import { useLanguage, useText } from "../i18n/useText.ts";

export interface ChartProps {
  readonly title: string;
  readonly description?: ReactNode;
  readonly lines: readonly Line[];
  readonly span: Span;
  readonly loading: boolean;
  /** A value as it is written; a plain number otherwise. */
  readonly format?: (value: number) => string;
  /** Where the scale ends at least. */
  readonly least?: number;
  /** A line that the others are held against. */
  readonly threshold?: { readonly label: string; readonly value: number };
}

const HEIGHT = 180;

export function Chart({ title, description, lines, span, loading, format, least = 1, threshold }: ChartProps) {
  const text = useText().parts.chart;
  const language = useLanguage();
  const highest = Math.max(least, threshold?.value ?? 0, ...lines.flatMap((line) => line.points.map((point) => point.y)));
  const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
  const exact = new Intl.DateTimeFormat(language, { dateStyle: "short", timeStyle: "medium" });
  const written = format ?? ((value: number) => new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(value));
  const known = lines.some((line) => line.points.length > 0);
  return (
    <Container header={<Header variant="h3" description={description}>{title}</Header>} fitHeight>
      <LineChart
        ariaLabel={title}
        height={HEIGHT}
        hideFilter
        hideLegend={lines.length < 2 && !threshold}
        statusType={loading ? "loading" : "finished"}
        loadingText={text.loading}
        xScaleType="time"
        xDomain={[span.from, span.to]}
        yDomain={[0, highest * 1.1]}
        xTitle={text.time}
        xTickFormatter={(at) => clock.format(at)}
        yTickFormatter={written}
        i18nStrings={{ detailPopoverDismissAriaLabel: text.dismiss }}
        series={[
          ...lines.map((line) => ({ type: "line" as const, title: line.label, data: line.points, valueFormatter: written })),
          ...(threshold ? [{ type: "threshold" as const, title: threshold.label, y: threshold.value, valueFormatter: written }] : []),
        ]}
        detailPopoverSeriesContent={({ series, y }) => ({ key: series.title, value: written(y) })}
        detailPopoverFooter={(at) => exact.format(at)}
        empty={<Box textAlign="center" color="text-body-secondary">{known ? "" : text.noData}</Box>}
      />
    </Container>
  );
}

export const RANGES = [15, 60, 180, 720, 1440] as const;

/** How many minutes back. */
export function Range({ minutes, onChange }: { minutes: number; onChange: (minutes: number) => void }) {
  const text = useText().parts.chart;
  return (
    <SegmentedControl
      label={text.range}
      selectedId={String(minutes)}
      options={RANGES.map((one) => ({ id: String(one), text: one < 60 ? text.minutes(one) : text.hours(one / 60) }))}
      onChange={({ detail }) => { onChange(Number(detail.selectedId)); }}
    />
  );
}
