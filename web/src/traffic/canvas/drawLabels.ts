// Labels of lines: rate, success rate, latencies. Highlighted lines and lines with failures come first. A label that would
// cover another label or a name is shortened or left out, unless only a few lines are highlighted.

import { BOX, type Bounds, overlaps, type Point, pointAt } from "../layout/geometry.ts";
import { formatMs, formatPercent, formatRate } from "../model/format.ts";
import { type DrawContext, FONT, type MapTexts, type ZoomedStyle } from "./drawStyle.ts";
import type { LineData, SceneLine } from "./scene.ts";

const FONT_SIZE = 11; // pixels of the view at any zoom
const PADDING = 4;
const LINE_HEIGHT = 14;
const FEW_LINES = 60; // in view: all are labeled
const FEW_HIGHLIGHTED = 8; // all are labeled, even if labels overlap
const FULL_LABELS_ZOOM = 0.75; // from which all lines are labeled
const LABELS_MIN_ZOOM = 0.3; // below which only lines with failures are labeled
const SPOTS = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82] as const; // positions on a curve
const MAX_SHARE = 0.6; // of a line that a label may cover; a wider label is beside the line
const SIGNS = { good: "", none: "", fair: " !", bad: " !!" } as const;

/** Draws the labels and returns their bounds. They keep clear of `names`. */
export function drawLabels(ctx: DrawContext, lines: readonly SceneLine[], names: readonly Bounds[], style: ZoomedStyle): Bounds[] {
  const { zoom, highlight } = style;
  const isDetailed = zoom >= FULL_LABELS_ZOOM || (lines.length <= FEW_LINES && zoom >= LABELS_MIN_ZOOM);
  const rank = ({ line }: SceneLine) => (highlight?.lines.has(line.id) ? 3 : line.tone === "bad" ? 2 : line.tone === "fair" ? 1 : 0);
  const labeled = lines
    .filter((line) => (highlight === null ? isDetailed || (rank(line) > 0 && zoom >= LABELS_MIN_ZOOM / 2) : highlight.lines.has(line.line.id)))
    .sort((a, b) => rank(b) - rank(a) || b.line.rate - a.line.rate);
  const options: LabelOptions = {
    labels: [],
    names,
    mayOverlap: highlight !== null && labeled.length <= FEW_HIGHLIGHTED,
    brief: !isDetailed && highlight === null,
  };
  for (const line of labeled) drawLabel(ctx, line, style, options);
  return options.labels;
}

/** The texts of a line's label. A brief label has only what is wrong. */
export function labelTexts(line: LineData, texts: MapTexts, brief: boolean): string[] {
  const success = line.success === null || line.tone === "good" ? "" : ` ${formatPercent(line.success, texts.locale)}${SIGNS[line.tone]}`;
  const ejected = line.ejected > 0 ? ` ⊘ ${line.ejected}` : "";
  if (brief) return [`${success}${ejected}`.trim()].filter((text) => text !== "");
  const first = `${formatRate(line.rate, texts.locale)}${success}${ejected}`;
  const latencies = [line.p50, line.p95, line.p99];
  if (latencies.every((latency) => latency === null)) return [first];
  return [first, `${latencies.map((latency) => formatMs(latency, texts.locale)).join(" / ")} ms`];
}

interface LabelOptions {
  /** The labels that are drawn already. */
  readonly labels: Bounds[];
  readonly names: readonly Bounds[];
  readonly mayOverlap: boolean;
  readonly brief: boolean;
}

function drawLabel(ctx: DrawContext, line: SceneLine, style: ZoomedStyle, options: LabelOptions): void {
  ctx.font = `600 ${FONT_SIZE / style.zoom}px ${FONT}`;
  const full = labelTexts(line.line, style.texts, options.brief);
  const shorter = options.brief || options.mayOverlap ? [] : [full.slice(0, 1), labelTexts(line.line, style.texts, true)];
  for (const texts of [full, ...shorter]) {
    const bounds = texts.length > 0 ? freeBounds(ctx, texts, line, style.zoom, options) : undefined;
    if (!bounds) continue;
    options.labels.push(bounds);
    drawTexts(ctx, texts, bounds, line.line, style);
    return;
  }
}

/** Bounds on or beside the line where the texts fit. */
function freeBounds(ctx: DrawContext, texts: readonly string[], { curve, width: lineWidth }: SceneLine, zoom: number, { labels, names, mayOverlap }: LabelOptions): Bounds | undefined {
  const padding = PADDING / zoom;
  const width = Math.max(...texts.map((text) => ctx.measureText(text).width)) + 2 * padding;
  const height = (texts.length * LINE_HEIGHT) / zoom + padding;
  const length = Math.abs(curve[6] - curve[0]);
  const boxClearance = width > length ? BOX.height / 2 + padding : 0; // keeps a long label off the boxes at the line's ends
  const onLine = SPOTS.map((t) => pointAt(curve, t));
  const beside = pointsBeside(curve, Math.max(lineWidth / 2 + 2 * padding, boxClearance) + height / 2);
  const points = width > MAX_SHARE * length ? [...beside, ...onLine] : [...onLine, ...beside];
  const candidates = points.map((point) => centeredBounds(point, width, height));
  const clearOfLabels = candidates.filter((bounds) => !labels.some((label) => overlaps(bounds, label)));
  const free = clearOfLabels.find((bounds) => !names.some((name) => overlaps(bounds, name)));
  return free ?? (mayOverlap ? (clearOfLabels[0] ?? candidates[0]) : undefined);
}

function drawTexts(ctx: DrawContext, texts: readonly string[], [left, top, right, bottom]: Bounds, line: LineData, { zoom, palette }: ZoomedStyle): void {
  const padding = PADDING / zoom;
  ctx.globalAlpha = 0.88;
  ctx.fillStyle = palette.label;
  ctx.beginPath();
  ctx.roundRect(left, top, right - left, bottom - top, padding);
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const [row, text] of texts.entries()) {
    ctx.fillStyle = row === 0 && (line.tone === "bad" || line.tone === "fair") ? palette.tones[line.tone] : row === 0 ? palette.text : palette.secondaryText;
    ctx.fillText(text, (left + right) / 2, top + padding / 2 + ((row + 0.5) * LINE_HEIGHT) / zoom);
  }
}

/** The points at this distance above and below the middle of a line. */
function pointsBeside(curve: SceneLine["curve"], distance: number): Point[] {
  const { x, y } = pointAt(curve, 0.5);
  return [{ x, y: y - distance }, { x, y: y + distance }];
}

function centeredBounds({ x, y }: Point, width: number, height: number): Bounds {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}
