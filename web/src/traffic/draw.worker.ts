// Draws beside the page, so that a large picture does not hold up what moves.

import type { Drawing, Font, Told } from "./artist.ts";
import { draw } from "./draw.ts";
import { pixelsOf } from "./patch.ts";
import type { Scene } from "./scene.ts";

const canvas = new OffscreenCanvas(1, 1);
const ctx = canvas.getContext("2d", { alpha: false });
let scene: Scene | null = null;
let ready: Promise<unknown> = Promise.resolve();

self.addEventListener("message", (event: MessageEvent<Told>) => {
  const told = event.data;
  if (told.kind === "fonts") ready = Promise.allSettled(told.fonts.map(load));
  else ready.then(() => { fulfil(told); }).catch(reportError); // or the page would wait for it in vain
});

function load({ family, source, descriptors }: Font): Promise<FontFace> {
  const face = new FontFace(family, source, descriptors);
  (self as unknown as { readonly fonts: FontFaceSet }).fonts.add(face);
  return face.load();
}

function fulfil(order: Told & { readonly kind: "order" }): void {
  scene = order.scene ?? scene;
  if (!ctx || !scene) throw new Error("there is nothing to draw with");
  Object.assign(canvas, pixelsOf(order.patch));
  const words = draw(ctx, scene, order.look, order.patch, order.density);
  const drawing: Drawing = { pixels: canvas.transferToImageBitmap(), words };
  self.postMessage(drawing, { transfer: [drawing.pixels] });
}
