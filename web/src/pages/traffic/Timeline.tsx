// A timeline of requests and failures around the time range, on which another range is selected by dragging. The range
// picker does the same by keyboard.

import { type PointerEvent as ReactPointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import type { TimeSpan } from "../../aws/metrics.ts";
import type { DataPoint } from "../../aws/series.ts";
import { useText } from "../../i18n/useText.ts";
import { DARK, LIGHT } from "../../traffic/canvas/palette.ts";
import { durationSeconds } from "../../traffic/model/timeRange.ts";

export interface TimelineProps {
  readonly requests: readonly DataPoint[];
  readonly failures: readonly DataPoint[];
  /** The span that the timeline shows. */
  readonly span: TimeSpan;
  readonly selected: TimeSpan;
  readonly onSelect: (selected: TimeSpan) => void;
}

const HEIGHT = 64;
const TOP_MARGIN = 6;
const AXIS_HEIGHT = 16;
const MINUTE = 60;
const MIN_DRAG = 4; // pixels; a shorter drag selects nothing
const MAX_TICKS = 8;
const TICK_WIDTH = 56; // pixels of a label with its margin
const TICK_INTERVALS = [300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200] as const;

export function Timeline({ requests, failures, span, selected, onSelect }: TimelineProps) {
  const text = useText().traffic.timeline;
  const { dark, language } = usePreferences();
  const palette = dark ? DARK : LIGHT;
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(svg);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const x = (time: number) => ((time - span.start) / durationSeconds(span)) * width;
  const max = Math.max(1, ...requests.map((point) => point.y));
  const y = (value: number) => TOP_MARGIN + (HEIGHT - TOP_MARGIN - AXIS_HEIGHT) * (1 - value / max);
  const area = useMemo(() => areaPath(requests, x, y), [requests, width, span.start, span.end]); // eslint-disable-line react-hooks/exhaustive-deps -- x and y depend on these
  const barWidth = Math.max(2, width / Math.max(failures.length, 1) - 1);
  const selection = drag
    ? { left: Math.min(drag.from, drag.to), right: Math.max(drag.from, drag.to) }
    : { left: x(selected.start), right: x(selected.end) };
  const pointerX = (event: ReactPointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - box.left, 0), width);
  };
  const select = (from: number, to: number) => {
    const [first, last] = [from, to].sort((a, b) => a - b).map((position) => span.start + (position / width) * durationSeconds(span)) as [number, number];
    const start = Math.floor(first / MINUTE) * MINUTE;
    onSelect({ start, end: Math.max(Math.ceil(last / MINUTE) * MINUTE, start + MINUTE) });
  };
  return (
    <svg
      ref={svg}
      className="traffic-time"
      role="img"
      aria-label={text.label}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: pointerX(event), to: pointerX(event) });
      }}
      onPointerMove={(event) => {
        if (drag) setDrag({ ...drag, to: pointerX(event) });
      }}
      onPointerUp={(event) => {
        if (drag && Math.abs(pointerX(event) - drag.from) >= MIN_DRAG) select(drag.from, pointerX(event));
        setDrag(null);
      }}
    >
      <title>{text.hint}</title>
      <path d={area} fill={palette.tones.good} fillOpacity={0.35} stroke={palette.tones.good} strokeWidth={1} />
      {failures.map((point) =>
        point.y > 0 ? (
          <rect
            key={point.x.getTime()}
            x={x(point.x.getTime() / 1000)}
            y={Math.min(y(point.y), HEIGHT - AXIS_HEIGHT - 3)}
            width={barWidth}
            height={HEIGHT - AXIS_HEIGHT - Math.min(y(point.y), HEIGHT - AXIS_HEIGHT - 3)}
            fill={palette.tones.bad}
          />
        ) : null,
      )}
      <rect
        x={selection.left}
        y={0}
        width={Math.max(selection.right - selection.left, 2)}
        height={HEIGHT - AXIS_HEIGHT}
        fill={palette.selected}
        fillOpacity={0.1}
        stroke={palette.selected}
        strokeOpacity={0.7}
        rx={3}
      />
      {tickTimes(span, width).map((tick) => (
        <text key={tick} x={x(tick)} y={HEIGHT - 4} fontSize={10} fill={palette.secondaryText} textAnchor="middle">
          {new Date(tick * 1000).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" })}
        </text>
      ))}
    </svg>
  );
}

function useWidth(element: React.RefObject<Element | null>): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(entry.contentRect.width);
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
    };
  }, [element]);
  return width;
}

function areaPath(points: readonly DataPoint[], x: (time: number) => number, y: (value: number) => number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return "";
  const line = points.map((point) => `L${x(point.x.getTime() / 1000).toFixed(1)},${y(point.y).toFixed(1)}`).join("");
  const baseline = HEIGHT - AXIS_HEIGHT;
  return `M${x(first.x.getTime() / 1000).toFixed(1)},${baseline}${line}L${x(last.x.getTime() / 1000).toFixed(1)},${baseline}Z`;
}

/** Round times in the browser's time zone, as many as have room. */
function tickTimes(span: TimeSpan, width: number): number[] {
  const maxTicks = Math.min(MAX_TICKS, Math.floor(width / TICK_WIDTH));
  const interval = TICK_INTERVALS.find((seconds) => durationSeconds(span) / seconds <= maxTicks) ?? 86_400;
  const halfLabel = ((TICK_WIDTH / 2) * durationSeconds(span)) / Math.max(width, 1);
  const zone = new Date(span.start * 1000).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((span.start - zone) / interval) * interval + zone;
  return Array.from({ length: MAX_TICKS }, (_, index) => first + index * interval).filter((time) => time >= span.start + halfLabel && time <= span.end - halfLabel);
}
