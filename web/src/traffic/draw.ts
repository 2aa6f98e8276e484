// Draws a scene on a canvas as a camera sees it. Lines first, then boxes, then words, so that nothing hides what is read.

import { type Camera, type Size, toWorld } from "./camera.ts";
import { drawLabels, type Words } from "./labels.ts";
import { BOX } from "./layout.ts";
import { FONT, type Palette } from "./palette.ts";
import type { Hit, Scene, SceneBox, SceneLine } from "./scene.ts";

export interface Look {
  readonly camera: Camera;
  readonly view: Size;
  /** Pixels of the screen for one of the view. */
  readonly density: number;
  readonly palette: Palette;
  readonly words: Words;
  /** What stands out; null: everything alike. */
  readonly lit: { readonly boxes: ReadonlySet<string>; readonly lines: ReadonlySet<string> } | null;
  readonly chosen: Hit | null;
  /** Seconds, for what moves along a lit line; null: nothing moves. */
  readonly time: number | null;
}

const READABLE = 0.42; // the zoom from which a box's second line can be read
const NAMED = 0.16; // ... and its name
const DIM = 0.16;
const ARROW = 7;

interface Window {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export function draw(ctx: CanvasRenderingContext2D, scene: Scene, look: Look): void {
  const { camera, view, density, palette } = look;
  ctx.setTransform(density, 0, 0, density, 0, 0);
  ctx.fillStyle = palette.ground;
  ctx.fillRect(0, 0, view.width, view.height);
  const scale = camera.zoom * density;
  ctx.setTransform(scale, 0, 0, scale, (view.width / 2 - camera.x * camera.zoom) * density, (view.height / 2 - camera.y * camera.zoom) * density);
  const [from, to] = [toWorld(camera, view, { x: 0, y: 0 }), toWorld(camera, view, { x: view.width, y: view.height })];
  const window = { left: from.x, top: from.y, right: to.x, bottom: to.y };
  drawBlocks(ctx, scene, look);
  const lines = scene.lines.filter((line) => overlaps(line.bounds, window));
  const boxes = scene.boxes.filter(({ x, y }) => overlaps([x, y, x + BOX.width, y + BOX.height], window));
  for (const line of lines) if (!isLit(look, line)) drawLine(ctx, line, look);
  for (const line of lines) if (isLit(look, line)) drawLine(ctx, line, look);
  ctx.globalAlpha = 1;
  for (const box of boxes) drawBox(ctx, box, look);
  ctx.globalAlpha = 1;
  drawLabels(ctx, lines, boxes, look);
}

function isLit(look: Look, line: SceneLine): boolean {
  return look.lit?.lines.has(line.line.id) ?? false;
}

function overlaps([left, top, right, bottom]: SceneLine["bounds"], window: Window): boolean {
  return left <= window.right && right >= window.left && top <= window.bottom && bottom >= window.top;
}

function drawBlocks(ctx: CanvasRenderingContext2D, scene: Scene, { palette, words, camera }: Look): void {
  ctx.lineWidth = 1 / camera.zoom;
  for (const { id, x, y, width, height } of scene.blocks) {
    ctx.fillStyle = palette.block;
    ctx.strokeStyle = palette.blockEdge;
    ctx.beginPath();
    ctx.roundRect(x, y, width, height, 14);
    ctx.fill();
    ctx.stroke();
    const size = Math.min(Math.max(17, 13 / camera.zoom), 60);
    ctx.font = `700 ${size}px ${FONT}`;
    ctx.fillStyle = palette.faint;
    ctx.textBaseline = "alphabetic";
    ctx.textAlign = "left";
    ctx.fillText(id === "" ? words.nowhere : id, x + 18, y + Math.max(26, size + 8), width - 36);
  }
}

function drawLine(ctx: CanvasRenderingContext2D, { line, curve, width }: SceneLine, look: Look): void {
  const { palette, lit, camera, chosen } = look;
  const shown = lit === null || lit.lines.has(line.id);
  const wide = Math.max(width, 1 / camera.zoom);
  ctx.globalAlpha = shown ? (lit === null && line.tone === "good" ? 0.55 : 0.95) : DIM;
  ctx.strokeStyle = palette.tones[line.tone];
  ctx.lineWidth = chosen?.kind === "line" && chosen.id === line.id ? wide + 2 / camera.zoom : wide;
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
  if (shown && lit !== null && look.time !== null) drawFlow(ctx, curve, line.rate, width, look);
}

/** Sparks along a line, the more and the quicker the more requests there are. */
function drawFlow(ctx: CanvasRenderingContext2D, curve: SceneLine["curve"], rate: number, width: number, look: Look): void {
  const [x1, y1, x2, y2, x3, y3, x4, y4] = curve;
  const speed = 30 + 40 * Math.log10(1 + rate);
  ctx.strokeStyle = look.palette.ground;
  ctx.globalAlpha = 0.75;
  ctx.lineWidth = Math.max(width * 0.5, 1);
  ctx.setLineDash([3, 21]);
  ctx.lineDashOffset = -((look.time ?? 0) * speed) % 24;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.bezierCurveTo(x2, y2, x3, y3, x4 - ARROW, y4);
  ctx.stroke();
  ctx.setLineDash([]);
}

function drawBox(ctx: CanvasRenderingContext2D, { box, x, y }: SceneBox, look: Look): void {
  const { palette, lit, chosen, camera } = look;
  const shown = lit === null || lit.boxes.has(box.id);
  ctx.globalAlpha = shown ? 1 : 0.35;
  ctx.fillStyle = box.kind === "unknown" ? palette.boxUnknown : palette.box;
  const isChosen = chosen?.kind === "box" && chosen.id === box.id;
  ctx.strokeStyle = isChosen ? palette.chosen : box.deploying ? palette.deploying : palette.boxEdge;
  ctx.lineWidth = Math.max(isChosen ? 3 : box.deploying ? 2 : 1, 0.7 / camera.zoom);
  ctx.setLineDash(box.kind === "unknown" ? [5, 4] : []);
  ctx.beginPath();
  ctx.roundRect(x, y, BOX.width, BOX.height, 8);
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
  if (camera.zoom >= NAMED) drawWords(ctx, { box, x, y }, look);
}

function drawWords(ctx: CanvasRenderingContext2D, { box, x, y }: SceneBox, look: Look): void {
  const { palette, camera } = look;
  const second = camera.zoom >= READABLE && box.subtitle !== "";
  const size = camera.zoom >= READABLE ? 13 : Math.min(13 * (READABLE / camera.zoom), 20);
  const badge = [box.tasks, box.deploying ? "↻" : ""].filter((part) => part !== "").join(" ");
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.font = `600 ${size}px ${FONT}`;
  ctx.fillStyle = palette.text;
  const room = BOX.width - 20 - (badge === "" ? 0 : 26);
  ctx.fillText(shortened(ctx, box.title, room), x + 10, y + (second ? 14 : BOX.height / 2));
  if (second) {
    ctx.font = `400 11px ${FONT}`;
    ctx.fillStyle = palette.faint;
    ctx.fillText(shortened(ctx, box.subtitle, room), x + 10, y + 29);
  }
  if (badge !== "") {
    ctx.textAlign = "right";
    ctx.font = `700 ${camera.zoom >= READABLE ? 12 : size}px ${FONT}`;
    ctx.fillStyle = box.deploying ? palette.deploying : palette.tones.fair;
    ctx.fillText(badge, x + BOX.width - 9, y + BOX.height / 2);
  }
}

/** As much of a text as there is room for. */
function shortened(ctx: CanvasRenderingContext2D, text: string, room: number): string {
  if (text.length * 8.2 < room || ctx.measureText(text).width <= room) return text;
  let [least, most] = [0, text.length];
  while (least < most) {
    const middle = Math.ceil((least + most) / 2);
    if (ctx.measureText(`${text.slice(0, middle)}…`).width <= room) least = middle;
    else most = middle - 1;
  }
  return `${text.slice(0, least)}…`;
}
