// The words on lines: rate, success, latencies. Those of lines that are wrong or looked at come first; one that would lie on
// another is left out, unless only a few are looked at.

import { pointOn } from "./curve.ts";
import type { Pen, Zoomed } from "./draw.ts";
import type { Box } from "./graph.ts";
import { msText, percentText, rateText } from "./format.ts";
import { FONT } from "./palette.ts";
import { type Bounds, overlap } from "./patch.ts";
import type { Place } from "./place.ts";
import type { Drawn, SceneLine } from "./scene.ts";

export interface Words {
  readonly nowhere: string;
  /** What boxes are, where that is not plain. */
  readonly kinds: Readonly<Partial<Record<Box["kind"], string>>>;
  readonly locale: string;
}

const SIZE = 11; // pixels of the view, whatever the zoom
const PADDING = 4;
const LEADING = 14;
const FEW = 60; // lines in view of which all have words
const MEANT = 8; // lines that stand out of which all have words, even on each other
const CLOSE = 0.75; // the zoom from which all have, too
const FAR = 0.3; // ... and below which none has
const SPOTS = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.18, 0.82] as const;
const HIDING = 0.6; // of a line: words as wide as that stand beside it
const MARKED = { good: "", none: "", fair: " !", bad: " !!" } as const;

/** Where the words are then. */
export function drawLabels(ctx: Pen, lines: readonly SceneLine[], boxes: readonly Bounds[], look: Zoomed): Bounds[] {
  const { zoom, lit } = look;
  const all = zoom >= CLOSE || (lines.length <= FEW && zoom >= FAR);
  const rank = ({ line }: SceneLine) => (lit?.lines.has(line.id) ? 3 : line.tone === "bad" ? 2 : line.tone === "fair" ? 1 : 0);
  const wanted = lines
    .filter((one) => (lit === null ? all || (rank(one) > 0 && zoom >= FAR / 2) : lit.lines.has(one.line.id)))
    .sort((a, b) => rank(b) - rank(a) || b.line.rate - a.line.rate);
  const taken: Bounds[] = [];
  for (const one of wanted) drawLabel(ctx, one, look, { taken, boxes, must: lit !== null && wanted.length <= MEANT, brief: !all && lit === null });
  return taken;
}

/** A line's words: what is always said, and what there is room for. */
export function labelOf(line: Drawn, words: Words, brief: boolean): string[] {
  const share = line.success === null || line.tone === "good" ? "" : ` ${percentText(line.success, words.locale)}${MARKED[line.tone]}`;
  const ejected = line.ejected > 0 ? ` ⊘ ${line.ejected}` : "";
  if (brief) return [`${share}${ejected}`.trim()].filter((text) => text !== "");
  const first = `${rateText(line.rate, words.locale)}${share}${ejected}`;
  const times = [line.p50, line.p95, line.p99];
  if (times.every((time) => time === null)) return [first];
  return [first, `${times.map((time) => msText(time, words.locale)).join(" / ")} ms`];
}

function drawLabel(
  ctx: Pen,
  { line, curve, width: thick }: SceneLine,
  { zoom, palette, words }: Zoomed,
  { taken, boxes, must, brief }: { taken: Bounds[]; boxes: readonly Bounds[]; must: boolean; brief: boolean },
): void {
  const texts = labelOf(line, words, brief);
  if (texts.length === 0) return;
  const size = SIZE / zoom;
  ctx.font = `600 ${size}px ${FONT}`;
  const padding = PADDING / zoom;
  const width = Math.max(...texts.map((text) => ctx.measureText(text).width)) + 2 * padding;
  const height = (texts.length * LEADING) / zoom + padding;
  const on = SPOTS.map((t) => pointOn(curve, t));
  const beside = besideOf(curve, thick / 2 + 2 * padding + height / 2);
  const hides = width > HIDING * Math.abs(curve[6] - curve[0]);
  const spots = (hides ? [...beside, ...on] : [...on, ...beside]).map((spot) => around(spot, width, height));
  const open = spots.filter((spot) => !taken.some((other) => overlap(spot, other)));
  const free = open.find((spot) => !boxes.some((box) => overlap(spot, box))) ?? open[0] ?? (must ? spots[0] : undefined);
  if (!free) return;
  taken.push(free);
  ctx.globalAlpha = 0.88;
  ctx.fillStyle = palette.label;
  ctx.beginPath();
  ctx.roundRect(free[0], free[1], width, height, padding);
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const [row, text] of texts.entries()) {
    ctx.fillStyle = row === 0 && (line.tone === "bad" || line.tone === "fair") ? palette.tones[line.tone] : row === 0 ? palette.text : palette.faint;
    ctx.fillText(text, free[0] + width / 2, free[1] + padding / 2 + ((row + 0.5) * LEADING) / zoom);
  }
}

/** Above and below the middle of a line, so far from it. */
function besideOf(curve: SceneLine["curve"], away: number): Place[] {
  const { x, y } = pointOn(curve, 0.5);
  return [{ x, y: y - away }, { x, y: y + away }];
}

function around({ x, y }: Place, width: number, height: number): Bounds {
  return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
}
