// Draws a tile of the scene: lines first, then boxes, then texts, so that nothing covers a text. The particles that move
// along lines are not part of it, because a tile is kept until the scene changes.

import { BOX, type Bounds, boxBounds, overlaps } from "../layout/geometry.ts";
import type { NamespaceFrame } from "../layout/layout.ts";
import { formatPercent, formatRate } from "../model/format.ts";
import { drawLabels } from "./drawLabels.ts";
import { type DrawContext, type DrawStyle, FONT, TONE_SIGNS, type ZoomedStyle } from "./drawStyle.ts";
import { ARROW_LENGTH, type Scene, type SceneBox, type SceneLine } from "./scene.ts";
import type { Tile } from "./tile.ts";

const DETAIL_ZOOM = 0.62; // from which all texts of a box can be read
const STRIPE_WIDTH = 3; // at the left of a box, in the color of its success rate
const NAME_ZOOM = 0.16; // from which names are drawn
const DIMMED = 0.16;
const NAME_SIZE = { min: 13, max: 26, onScreen: 11 } as const; // `min` and `max` in the world; `onScreen` without a subtitle
const SHRINK = 0.97; // extra, because text does not shrink in exact proportion to its font size
const TITLE_SIZE = { min: 17, max: 60, onScreen: 13, inside: 24 } as const; // of a frame; a title larger than `inside` is above it

/** Draws a tile on a canvas of its size; returns the bounds of the lines' labels. */
export function drawScene(ctx: DrawContext, scene: Scene, style: DrawStyle, tile: Tile, pixelRatio: number): Bounds[] {
  const { bounds, scale } = tile;
  const zoomed = { ...style, zoom: scale / pixelRatio };
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = style.palette.background;
  ctx.fillRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.setTransform(scale, 0, 0, scale, -bounds[0] * scale, -bounds[1] * scale);
  ctx.globalAlpha = 1;
  for (const frame of scene.frames) drawFrame(ctx, frame, zoomed);
  const lines = scene.lines.filter((line) => overlaps(line.bounds, bounds));
  const boxes = scene.boxes.filter((box) => overlaps(boxBounds(box), bounds));
  for (const line of lines) if (!isHighlighted(style, line)) drawLine(ctx, line, zoomed);
  for (const line of lines) if (isHighlighted(style, line)) drawLine(ctx, line, zoomed);
  ctx.globalAlpha = 1;
  for (const box of boxes) drawBox(ctx, box, zoomed);
  ctx.globalAlpha = 1;
  for (const frame of scene.frames) drawFrameTitle(ctx, frame, zoomed);
  return drawLabels(ctx, lines, zoomed);
}

function isHighlighted(style: DrawStyle, line: SceneLine): boolean {
  return style.highlight?.lines.has(line.line.id) ?? false;
}

function drawFrame(ctx: DrawContext, { x, y, width, height }: NamespaceFrame, { palette, zoom }: ZoomedStyle): void {
  ctx.lineWidth = 1 / zoom;
  ctx.fillStyle = palette.frame;
  ctx.strokeStyle = palette.frameBorder;
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, 14);
  ctx.fill();
  ctx.stroke();
}

/** Draws a frame's title inside it, or above it at a small zoom. */
function drawFrameTitle(ctx: DrawContext, { id, x, y, width }: NamespaceFrame, { palette, texts, zoom }: ZoomedStyle): void {
  const size = Math.min(Math.max(TITLE_SIZE.min, TITLE_SIZE.onScreen / zoom), TITLE_SIZE.max);
  const baseline = size > TITLE_SIZE.inside ? y - size / 3 : y + Math.max(26, size + 8);
  const [title, maxWidth] = [texts.frames[id] ?? id, width - 36];
  ctx.font = `700 ${size}px ${FONT}`;
  ctx.fillStyle = palette.secondaryText;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.fillText(title, x + 18, baseline, maxWidth);
}

function drawLine(ctx: DrawContext, { line, path, width }: SceneLine, style: ZoomedStyle): void {
  const { palette, highlight, zoom, selected } = style;
  const isDimmed = highlight !== null && !highlight.lines.has(line.id);
  const strokeWidth = Math.max(width, 1 / zoom);
  ctx.globalAlpha = isDimmed ? DIMMED : highlight === null && line.tone === "good" ? 0.55 : 0.95;
  ctx.strokeStyle = palette.tones[line.tone];
  ctx.lineWidth = selected?.kind === "line" && selected.id === line.id ? strokeWidth + 2 / zoom : strokeWidth;
  ctx.setLineDash(line.tcp ? [2 + 2 * strokeWidth, 2 + 1.5 * strokeWidth] : []);
  const last = path.at(-1);
  if (!last) return;
  const [x4, y4] = [last[6], last[7]];
  ctx.beginPath();
  for (const [index, [x1, y1, x2, y2, x3, y3, xEnd, yEnd]] of path.entries()) {
    if (index === 0) ctx.moveTo(x1, y1);
    ctx.bezierCurveTo(x2, y2, x3, y3, index === path.length - 1 ? xEnd - ARROW_LENGTH : xEnd, yEnd);
  }
  ctx.stroke();
  ctx.setLineDash([]);
  const halfHeight = ARROW_LENGTH / 2 + width / 2;
  ctx.fillStyle = palette.tones[line.tone];
  ctx.beginPath();
  ctx.moveTo(x4, y4);
  ctx.lineTo(x4 - ARROW_LENGTH - width, y4 - halfHeight);
  ctx.lineTo(x4 - ARROW_LENGTH - width, y4 + halfHeight);
  ctx.fill();
}

function drawBox(ctx: DrawContext, sceneBox: SceneBox, style: ZoomedStyle): void {
  const { box, x, y } = sceneBox;
  const { palette, highlight, selected, zoom } = style;
  const isSelected = selected?.kind === "box" && selected.id === box.id;
  ctx.globalAlpha = highlight === null || highlight.boxes.has(box.id) ? 1 : 0.35;
  ctx.fillStyle = box.kind === "unknown" ? palette.unknownBox : palette.box;
  ctx.strokeStyle = isSelected ? palette.selected : box.deploying ? palette.deploying : palette.boxBorder;
  ctx.lineWidth = Math.max(isSelected ? 3 : box.deploying ? 2 : 1, 0.7 / zoom);
  ctx.setLineDash(box.kind === "unknown" ? [5, 4] : []);
  ctx.beginPath();
  ctx.roundRect(x, y, BOX.width, BOX.height, 8);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.fillStyle = palette.boxTones[box.isImpaired && box.tone !== "bad" ? "fair" : box.tone];
  ctx.fillRect(x + 4, y + 8, STRIPE_WIDTH, BOX.height - 16);
  if (zoom >= NAME_ZOOM) drawBoxTexts(ctx, sceneBox, style);
}

/** The name of a box; from a zoom at which they can be read, its place and its state below. */
function drawBoxTexts(ctx: DrawContext, sceneBox: SceneBox, style: ZoomedStyle): void {
  const { box, x, y } = sceneBox;
  const { palette, texts, zoom } = style;
  const isDetailed = zoom >= DETAIL_ZOOM;
  const [maxWidth, name] = [BOX.width - 22, texts.names[box.kind] ?? box.title];
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = palette.text;
  setNameFont(ctx, name, maxWidth, isDetailed ? NAME_SIZE.min : Math.min(Math.max(NAME_SIZE.onScreen / zoom, NAME_SIZE.min), NAME_SIZE.max));
  ctx.fillText(truncate(ctx, name, maxWidth), x + 13, y + (isDetailed ? 14 : BOX.height / 2));
  if (!isDetailed) return;
  ctx.font = `400 11px ${FONT}`;
  ctx.fillStyle = palette.secondaryText;
  ctx.fillText(truncate(ctx, texts.kinds[box.kind] ?? box.subtitle, maxWidth), x + 13, y + 30);
  drawBoxState(ctx, sceneBox, style);
}

/** The last row of a box: what it receives on the left, its tasks on the right. */
function drawBoxState(ctx: DrawContext, { box, x, y }: SceneBox, { palette, texts }: ZoomedStyle): void {
  const { traffic, tasks } = boxState(box, texts.locale);
  ctx.font = `600 11px ${FONT}`;
  ctx.fillStyle = box.tone === "bad" || box.tone === "fair" ? palette.boxTones[box.tone] : palette.text;
  ctx.fillText(traffic, x + 13, y + 48);
  ctx.textAlign = "right";
  ctx.fillStyle = box.deploying ? palette.deploying : box.isImpaired ? palette.boxTones.fair : palette.secondaryText;
  ctx.fillText(tasks, x + BOX.width - 9, y + 48);
}

/** `12/s 99.5 % !` and `↻ 1/2`, with the number of unhealthy tasks, if there are any, as `1/2 ✕ 1`. */
export function boxState(box: SceneBox["box"], locale: string): { readonly traffic: string; readonly tasks: string } {
  const success = box.success === null ? "" : `${formatPercent(box.success, locale)}${TONE_SIGNS[box.tone]}`;
  const traffic = box.rate === null ? "" : `${formatRate(box.rate, locale)}  ${success}`.trim();
  return { traffic, tasks: [box.deploying ? "↻" : "", box.tasks, box.unhealthy > 0 ? `✕ ${box.unhealthy}` : ""].filter((part) => part !== "").join(" ") };
}

/** Sets the font for a name: of the preferred size, or smaller if the name fits then. */
function setNameFont(ctx: DrawContext, name: string, maxWidth: number, preferredSize: number): void {
  ctx.font = `600 ${preferredSize}px ${FONT}`;
  const { width } = ctx.measureText(name);
  if (width > maxWidth) ctx.font = `600 ${Math.max((SHRINK * preferredSize * maxWidth) / width, NAME_SIZE.min)}px ${FONT}`;
}

function truncate(ctx: DrawContext, text: string, maxWidth: number): string {
  if (ctx.measureText(text).width <= maxWidth) return text;
  let [min, max] = [0, text.length];
  while (min < max) {
    const middle = Math.ceil((min + max) / 2);
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= maxWidth) min = middle;
    else max = middle - 1;
  }
  return `${text.slice(0, min)}…`;
}
