// Requests and failures around the range, as a strip on which the range is drawn with the pointer. The picker above it does
// the same by keyboard.

import { type PointerEvent as ReactPointerEvent, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import { DARK, LIGHT } from "../../traffic/palette.ts";
import { seconds } from "../../traffic/range.ts";
import type { Moment } from "../../traffic/series.ts";
import type { Span } from "../../traffic/values.ts";

export interface TimelineProps {
  readonly requests: readonly Moment[];
  readonly failures: readonly Moment[];
  /** What the strip shows, and the part of it that is chosen. */
  readonly span: Span;
  readonly chosen: Span;
  readonly onChoose: (chosen: Span) => void;
}

const HEIGHT = 64;
const TOP = 6;
const FOOT = 16;
const MINUTE = 60;
const LEAST = 4; // pixels from which a press is a stretch of time
const TICKS = 8;
const TICK = 56; // pixels of a time, with some room beside it
const EACH = [300, 600, 900, 1800, 3600, 10_800, 21_600, 43_200] as const;

export function Timeline({ requests, failures, span, chosen, onChoose }: TimelineProps) {
  const text = useText().traffic.timeline;
  const { dark, language } = usePreferences();
  const palette = dark ? DARK : LIGHT;
  const svg = useRef<SVGSVGElement>(null);
  const width = useWidth(svg);
  const [drawn, setDrawn] = useState<{ readonly from: number; readonly to: number } | null>(null);
  const x = (at: number) => ((at - span.start) / seconds(span)) * width;
  const most = Math.max(1, ...requests.map((point) => point.y));
  const y = (value: number) => TOP + (HEIGHT - TOP - FOOT) * (1 - value / most);
  const area = useMemo(() => areaOf(requests, x, y), [requests, width, span.start, span.end]); // eslint-disable-line react-hooks/exhaustive-deps -- x and y follow from these
  const bar = Math.max(2, width / Math.max(failures.length, 1) - 1);
  const shown = drawn
    ? { left: Math.min(drawn.from, drawn.to), right: Math.max(drawn.from, drawn.to) }
    : { left: x(chosen.start), right: x(chosen.end) };
  const at = (event: ReactPointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - box.left, 0), width);
  };
  const choose = (from: number, to: number) => {
    const [first, last] = [from, to].sort((a, b) => a - b).map((place) => span.start + (place / width) * seconds(span)) as [number, number];
    const start = Math.floor(first / MINUTE) * MINUTE;
    onChoose({ start, end: Math.max(Math.ceil(last / MINUTE) * MINUTE, start + MINUTE) });
  };
  return (
    <svg
      ref={svg}
      className="traffic-time"
      role="img"
      aria-label={text.label}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrawn({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => {
        if (drawn) setDrawn({ ...drawn, to: at(event) });
      }}
      onPointerUp={(event) => {
        if (drawn && Math.abs(at(event) - drawn.from) >= LEAST) choose(drawn.from, at(event));
        setDrawn(null);
      }}
    >
      <title>{text.hint}</title>
      <path d={area} fill={palette.tones.good} fillOpacity={0.35} stroke={palette.tones.good} strokeWidth={1} />
      {failures.map((point) =>
        point.y > 0 ? (
          <rect
            key={point.x.getTime()}
            x={x(point.x.getTime() / 1000)}
            y={Math.min(y(point.y), HEIGHT - FOOT - 3)}
            width={bar}
            height={HEIGHT - FOOT - Math.min(y(point.y), HEIGHT - FOOT - 3)}
            fill={palette.tones.bad}
          />
        ) : null,
      )}
      <rect
        x={shown.left}
        y={0}
        width={Math.max(shown.right - shown.left, 2)}
        height={HEIGHT - FOOT}
        fill={palette.chosen}
        fillOpacity={0.1}
        stroke={palette.chosen}
        strokeOpacity={0.7}
        rx={3}
      />
      {ticks(span, width).map((tick) => (
        <text key={tick} x={x(tick)} y={HEIGHT - 4} fontSize={10} fill={palette.faint} textAnchor="middle">
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
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setWidth(entry.contentRect.width);
    });
    watch.observe(element.current);
    return () => {
      watch.disconnect();
    };
  }, [element]);
  return width;
}

function areaOf(points: readonly Moment[], x: (at: number) => number, y: (value: number) => number): string {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return "";
  const line = points.map((point) => `L${x(point.x.getTime() / 1000).toFixed(1)},${y(point.y).toFixed(1)}`).join("");
  const floor = HEIGHT - FOOT;
  return `M${x(first.x.getTime() / 1000).toFixed(1)},${floor}${line}L${x(last.x.getTime() / 1000).toFixed(1)},${floor}Z`;
}

/** Round times of the reader's own zone, of which each has room. */
function ticks(span: Span, width: number): number[] {
  const most = Math.min(TICKS, Math.floor(width / TICK));
  const each = EACH.find((one) => seconds(span) / one <= most) ?? 86_400;
  const half = ((TICK / 2) * seconds(span)) / Math.max(width, 1);
  const zone = new Date(span.start * 1000).getTimezoneOffset() * MINUTE;
  const first = Math.ceil((span.start - zone) / each) * each + zone;
  return Array.from({ length: TICKS }, (_, place) => first + place * each).filter((tick) => tick >= span.start + half && tick <= span.end - half);
}
