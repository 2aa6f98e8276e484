// Draws a part of a scene as pixels. Lines first, then boxes, then words, so that nothing hides what is read. What moves is
// not in here: these pixels stay as they are until there is something else to see.

import { drawLabels, type Words } from "./labels.ts";
import { FONT, type Palette } from "./palette.ts";
import { type Bounds, overlap, type Patch } from "./patch.ts";
import type { Block } from "./layout.ts";
import { BOX, boxBounds } from "./place.ts";
import { ARROW, type Hit, type Lit, type Scene, type SceneBox, type SceneLine } from "./scene.ts";

export type Pen = OffscreenCanvasRenderingContext2D;

export interface Look {
  readonly palette: Palette;
  readonly words: Words;
  /** What stands out; null: everything alike. */
  readonly lit: Lit | null;
  readonly chosen: Hit | null;
}

/** A look at a zoom. */
export interface Zoomed extends Look {
  readonly zoom: number;
}

const READABLE = 0.62; // the zoom from which a box's second line can be read
const NAMED = 0.16; // ... and its name
const DIM = 0.16;
const NAME = { least: 13, most: 26, seen: 11 } as const; // its size: of the world, and of the view where it stands alone
const CLOSE = 0.97; // letters do not shrink as evenly as their size does
const TITLE = { least: 17, most: 60, seen: 13, within: 24 } as const; // of a block; a larger one than that stands above it

/** Draw a patch, which the canvas has the size of, for a screen of this density; where its words are now. */
export function draw(ctx: Pen, scene: Scene, look: Look, patch: Patch, density: number): Bounds[] {
  const { of, scale } = patch;
  const at = { ...look, zoom: scale / density };
  ctx.setTransform(1, 0, 0, 1, 0, 0);
  ctx.fillStyle = look.palette.ground;
  ctx.fillRect(0, 0, ctx.canvas.width, ctx.canvas.height);
  ctx.setTransform(scale, 0, 0, scale, -of[0] * scale, -of[1] * scale);
  ctx.globalAlpha = 1;
  for (const block of scene.blocks) drawBlock(ctx, block, at);
  const lines = scene.lines.filter((line) => overlap(line.bounds, of));
  const boxes = scene.boxes.filter((box) => overlap(boxBounds(box), of));
  for (const line of lines) if (!isLit(look, line)) drawLine(ctx, line, at);
  for (const line of lines) if (isLit(look, line)) drawLine(ctx, line, at);
  ctx.globalAlpha = 1;
  for (const box of boxes) drawBox(ctx, box, at);
  ctx.globalAlpha = 1;
  const titles = scene.blocks.map((block) => drawTitle(ctx, block, at));
  return drawLabels(ctx, lines, [...boxes.map(boxBounds), ...titles], at);
}

function isLit(look: Look, line: SceneLine): boolean {
  return look.lit?.lines.has(line.line.id) ?? false;
}

function drawBlock(ctx: Pen, { x, y, width, height }: Block, { palette, zoom }: Zoomed): void {
  ctx.lineWidth = 1 / zoom;
  ctx.fillStyle = palette.block;
  ctx.strokeStyle = palette.blockEdge;
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, 14);
  ctx.fill();
  ctx.stroke();
}

/** A block's name in the block, above the boxes, or where that would be too small, above the block; where it is then. */
function drawTitle(ctx: Pen, { id, x, y, width }: Block, { palette, words, zoom }: Zoomed): Bounds {
  const size = Math.min(Math.max(TITLE.least, TITLE.seen / zoom), TITLE.most);
  const foot = size > TITLE.within ? y - size / 3 : y + Math.max(26, size + 8);
  const [text, room] = [id === "" ? words.nowhere : id, width - 36];
  ctx.font = `700 ${size}px ${FONT}`;
  ctx.fillStyle = palette.faint;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.fillText(text, x + 18, foot, room);
  return [x + 18, foot - size, x + 18 + Math.min(ctx.measureText(text).width, room), foot + size / 4];
}

function drawLine(ctx: Pen, { line, curve, width }: SceneLine, look: Zoomed): void {
  const { palette, lit, zoom, chosen } = look;
  const shown = lit === null || lit.lines.has(line.id);
  const wide = Math.max(width, 1 / zoom);
  ctx.globalAlpha = shown ? (lit === null && line.tone === "good" ? 0.55 : 0.95) : DIM;
  ctx.strokeStyle = palette.tones[line.tone];
  ctx.lineWidth = chosen?.kind === "line" && chosen.id === line.id ? wide + 2 / zoom : wide;
  ctx.setLineDash(line.tcp ? [2 + 2 * wide, 2 + 1.5 * wide] : []);
  const [x1, y1, x2, y2, x3, y3, x4, y4] = curve;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.bezierCurveTo(x2, y2, x3, y3, x4 - ARROW, y4);
  ctx.stroke();
  ctx.setLineDash([]);
  const head = ARROW / 2 + width / 2;
  ctx.fillStyle = palette.tones[line.tone];
  ctx.beginPath();
  ctx.moveTo(x4, y4);
  ctx.lineTo(x4 - ARROW - width, y4 - head);
  ctx.lineTo(x4 - ARROW - width, y4 + head);
  ctx.fill();
}

function drawBox(ctx: Pen, { box, x, y }: SceneBox, look: Zoomed): void {
  const { palette, lit, chosen, zoom } = look;
  const shown = lit === null || lit.boxes.has(box.id);
  ctx.globalAlpha = shown ? 1 : 0.35;
  ctx.fillStyle = box.kind === "unknown" ? palette.boxUnknown : palette.box;
  const isChosen = chosen?.kind === "box" && chosen.id === box.id;
  ctx.strokeStyle = isChosen ? palette.chosen : box.deploying ? palette.deploying : palette.boxEdge;
  ctx.lineWidth = Math.max(isChosen ? 3 : box.deploying ? 2 : 1, 0.7 / zoom);
  ctx.setLineDash(box.kind === "unknown" ? [5, 4] : []);
  ctx.beginPath();
  ctx.roundRect(x, y, BOX.width, BOX.height, 8);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  if (zoom >= NAMED) drawWords(ctx, { box, x, y }, look);
}

function drawWords(ctx: Pen, { box, x, y }: SceneBox, look: Zoomed): void {
  const { palette, words, zoom } = look;
  const below = words.kinds[box.kind] ?? box.subtitle;
  const second = zoom >= READABLE && below !== "";
  const badge = [box.tasks, box.deploying ? "↻" : ""].filter((part) => part !== "").join(" ");
  const room = BOX.width - 20 - (badge === "" ? 0 : drawBadge(ctx, badge, { box, x, y }, look));
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = palette.text;
  setName(ctx, box.title, room, second ? NAME.least : Math.min(Math.max(NAME.seen / zoom, NAME.least), NAME.most));
  ctx.fillText(shortened(ctx, box.title, room), x + 10, y + (second ? 14 : BOX.height / 2));
  if (second) {
    ctx.font = `400 11px ${FONT}`;
    ctx.fillStyle = palette.faint;
    ctx.fillText(shortened(ctx, below, room), x + 10, y + 29);
  }
}

/** How much room it takes. */
function drawBadge(ctx: Pen, badge: string, { box, x, y }: SceneBox, { palette, zoom }: Zoomed): number {
  ctx.textBaseline = "middle";
  ctx.textAlign = "right";
  ctx.font = `700 ${zoom >= READABLE ? 12 : Math.min(NAME.seen / zoom, NAME.most)}px ${FONT}`;
  ctx.fillStyle = box.deploying ? palette.deploying : palette.tones.fair;
  ctx.fillText(badge, x + BOX.width - 9, y + BOX.height / 2);
  return ctx.measureText(badge).width + 6;
}

/** Set the type for a name: as large as is wanted, or as there is room for all of it. */
function setName(ctx: Pen, name: string, room: number, wanted: number): void {
  ctx.font = `600 ${wanted}px ${FONT}`;
  const { width } = ctx.measureText(name);
  if (width > room) ctx.font = `600 ${Math.max((CLOSE * wanted * room) / width, NAME.least)}px ${FONT}`;
}

/** As much of a text as there is room for. */
function shortened(ctx: Pen, text: string, room: number): string {
  if (ctx.measureText(text).width <= room) return text;
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= room) least = middle;
    else most = middle - 1;
  }
  return `${text.slice(0, least)}…`;
}
