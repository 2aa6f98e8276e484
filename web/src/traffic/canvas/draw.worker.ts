// Draws tiles in a worker, so that drawing a large map does not interrupt its animation.

import type { DrawMessage, DrawResult, FontSource } from "./drawWorker.ts";
import { drawScene } from "./drawScene.ts";
import type { Scene } from "./scene.ts";
import { tileSize } from "./tile.ts";

const canvas = new OffscreenCanvas(1, 1);
const ctx = canvas.getContext("2d", { alpha: false });
let scene: Scene | null = null;
let fontsLoaded: Promise<unknown> = Promise.resolve();

self.addEventListener("message", ({ data: message }: MessageEvent<DrawMessage>) => {
  if (message.kind === "fonts") fontsLoaded = Promise.allSettled(message.fonts.map(loadFont));
  else fontsLoaded.then(() => { drawTile(message); }).catch(reportError); // the page waits for a result or an error
});

function loadFont({ family, source, descriptors }: FontSource): Promise<FontFace> {
  const face = new FontFace(family, source, descriptors);
  (self as unknown as { readonly fonts: FontFaceSet }).fonts.add(face);
  return face.load();
}

function drawTile(message: DrawMessage & { readonly kind: "draw" }): void {
  scene = message.scene ?? scene;
  if (!ctx || !scene) throw new Error("the worker has no canvas context or no scene");
  Object.assign(canvas, tileSize(message.tile));
  const labels = drawScene(ctx, scene, message.style, message.tile, message.pixelRatio);
  const result: DrawResult = { pixels: canvas.transferToImageBitmap(), labels };
  self.postMessage(result, { transfer: [result.pixels] });
}
