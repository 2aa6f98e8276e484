// Draws the labels of lines: rate, success rate, latencies. A label is in the space that the layout reserves for it, so that it
// covers no line, no box and no other label. Where the space is too small at this zoom, the label is shorter, or left out.

import type { Bounds } from "../layout/geometry.ts";
import { formatMs, formatPercent, formatRate } from "../model/format.ts";
import { type DrawContext, FONT, type MapTexts, TONE_SIGNS, type ZoomedStyle } from "./drawStyle.ts";
import type { LineData, SceneLine } from "./scene.ts";

const FONT_SIZE = { max: 11, min: 9 } as const; // pixels of the view; between them it follows the zoom
const LINE_HEIGHT = 1.18; // of the font size
const PADDING = 2;
const WIDE_LINE = 5; // half a line's width; wider lines reach into the label's space
const LABELS_MIN_ZOOM = 0.22; // no label has room at a smaller zoom

/** Draws the labels and returns their bounds. */
export function drawLabels(ctx: DrawContext, lines: readonly SceneLine[], style: ZoomedStyle): Bounds[] {
  const { zoom, highlight } = style;
  if (zoom < LABELS_MIN_ZOOM) return [];
  const labeled = lines.filter(({ line }) => highlight === null || highlight.lines.has(line.id));
  return labeled.map((line) => drawLabel(ctx, line, style)).filter((bounds) => bounds !== null);
}

/** The texts of a line's label, from the longest to the shortest form. */
export function labelForms(line: LineData, texts: MapTexts): string[][] {
  const success = line.success === null || line.tone === "good" ? "" : `${formatPercent(line.success, texts.locale)}${TONE_SIGNS[line.tone]}`;
  const ejected = line.ejected > 0 ? `⊘ ${line.ejected}` : "";
  const rate = formatRate(line.rate, texts.locale);
  const first = [rate, success, ejected].filter((text) => text !== "").join(" ");
  const problem = [success, ejected].filter((text) => text !== "").join(" ");
  const latencies = [line.p50, line.p95, line.p99];
  const times = latencies.every((latency) => latency === null) ? [] : [`${latencies.map((latency) => formatMs(latency, texts.locale)).join(" / ")} ms`];
  return [[first, ...times], [first], [problem === "" ? rate : problem]];
}

/** Draws the longest form that fits, and returns its bounds; null if none does. */
function drawLabel(ctx: DrawContext, { line, label, width: lineWidth }: SceneLine, style: ZoomedStyle): Bounds | null {
  const { zoom } = style;
  const size = Math.max(FONT_SIZE.min, Math.min(FONT_SIZE.max * zoom, FONT_SIZE.max)) / zoom;
  ctx.font = `600 ${size}px ${FONT}`;
  const [left, top, right] = label;
  const bottom = label[3] - Math.max(lineWidth / 2 - WIDE_LINE, 0); // a wide line reaches into the space
  for (const texts of labelForms(line, style.texts)) {
    const width = Math.max(...texts.map((text) => ctx.measureText(text).width)) + 2 * PADDING;
    const height = texts.length * size * LINE_HEIGHT + PADDING;
    if (width > right - left || height > bottom - top) continue;
    const middle = (left + right) / 2;
    const bounds: Bounds = [middle - width / 2, bottom - height, middle + width / 2, bottom];
    drawTexts(ctx, texts, bounds, line, size * LINE_HEIGHT, style);
    return bounds;
  }
  return null;
}

function drawTexts(ctx: DrawContext, texts: readonly string[], [left, top, right]: Bounds, line: LineData, lineHeight: number, { palette }: ZoomedStyle): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const [row, text] of texts.entries()) {
    ctx.fillStyle = row > 0 ? palette.secondaryText : line.tone === "bad" || line.tone === "fair" ? palette.tones[line.tone] : palette.text;
    ctx.fillText(text, (left + right) / 2, top + (row + 0.5) * lineHeight);
  }
}
