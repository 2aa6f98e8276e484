// The words on lines: rate, success, latencies. Those of lines that are wrong or looked at come first; one that would lie on
// another, or on a name, is shortened or left out, unless only a few are looked at.

import { pointOn } from "./curve.ts";
import type { Pen, Zoomed } from "./draw.ts";
import type { Box } from "./graph.ts";
import { msText, percentText, rateText } from "./format.ts";
import { FONT } from "./palette.ts";
import { type Bounds, overlap } from "./patch.ts";
import { BOX, type Place } from "./place.ts";
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

/** Where the words are then. `names` are the places that are not theirs. */
export function drawLabels(ctx: Pen, lines: readonly SceneLine[], names: readonly Bounds[], look: Zoomed): Bounds[] {
  const { zoom, lit } = look;
  const all = zoom >= CLOSE || (lines.length <= FEW && zoom >= FAR);
  const rank = ({ line }: SceneLine) => (lit?.lines.has(line.id) ? 3 : line.tone === "bad" ? 2 : line.tone === "fair" ? 1 : 0);
  const wanted = lines
    .filter((one) => (lit === null ? all || (rank(one) > 0 && zoom >= FAR / 2) : lit.lines.has(one.line.id)))
    .sort((a, b) => rank(b) - rank(a) || b.line.rate - a.line.rate);
  const taken: Bounds[] = [];
  for (const one of wanted) drawLabel(ctx, one, look, { taken, names, must: lit !== null && wanted.length <= MEANT, brief: !all && lit === null });
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

interface Room {
  readonly taken: Bounds[];
  readonly names: readonly Bounds[];
  /** Whether it has its words, wherever they are. */
  readonly must: boolean;
  readonly brief: boolean;
}

function drawLabel(ctx: Pen, one: SceneLine, look: Zoomed, room: Room): void {
  ctx.font = `600 ${SIZE / look.zoom}px ${FONT}`;
  const all = labelOf(one.line, look.words, room.brief);
  const shorter = room.brief || room.must ? [] : [all.slice(0, 1), labelOf(one.line, look.words, true)];
  for (const texts of [all, ...shorter]) {
    const place = texts.length > 0 ? placeFor(ctx, texts, one, look.zoom, room) : undefined;
    if (!place) continue;
    room.taken.push(place);
    write(ctx, texts, place, one.line, look);
    return;
  }
}

/** Where there is room for these words. */
function placeFor(ctx: Pen, texts: readonly string[], { curve, width: thick }: SceneLine, zoom: number, { taken, names, must }: Room): Bounds | undefined {
  const padding = PADDING / zoom;
  const width = Math.max(...texts.map((text) => ctx.measureText(text).width)) + 2 * padding;
  const height = (texts.length * LEADING) / zoom + padding;
  const on = SPOTS.map((t) => pointOn(curve, t));
  const length = Math.abs(curve[6] - curve[0]);
  const clear = width > length ? BOX.height / 2 + padding : 0; // of the boxes at the line's ends
  const beside = besideOf(curve, Math.max(thick / 2 + 2 * padding, clear) + height / 2);
  const hides = width > HIDING * length;
  const spots = (hides ? [...beside, ...on] : [...on, ...beside]).map((spot) => around(spot, width, height));
  const open = spots.filter((spot) => !taken.some((other) => overlap(spot, other)));
  const free = open.find((spot) => !names.some((name) => overlap(spot, name)));
  return free ?? (must ? (open[0] ?? spots[0]) : undefined);
}

function write(ctx: Pen, texts: readonly string[], [left, top, right, bottom]: Bounds, line: Drawn, { zoom, palette }: Zoomed): void {
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
    ctx.fillStyle = row === 0 && (line.tone === "bad" || line.tone === "fair") ? palette.tones[line.tone] : row === 0 ? palette.text : palette.faint;
    ctx.fillText(text, (left + right) / 2, top + padding / 2 + ((row + 0.5) * LEADING) / zoom);
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
