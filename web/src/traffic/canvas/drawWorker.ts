// The page's side of the worker that draws tiles on an OffscreenCanvas, one at a time.

import type { Bounds } from "../layout/geometry.ts";
import type { DrawStyle } from "./drawStyle.ts";
import type { Scene } from "./scene.ts";
import type { Tile } from "./tile.ts";

export interface Picture extends DrawStyle {
  readonly scene: Scene;
}

export interface DrawRequest {
  readonly picture: Picture;
  readonly tile: Tile;
  readonly pixelRatio: number;
}

export interface DrawResult {
  readonly pixels: ImageBitmap;
  /** Bounds of the lines' labels, in world coordinates. */
  readonly labels: readonly Bounds[];
}

export interface FontSource {
  readonly family: string;
  readonly source: string;
  readonly descriptors: FontFaceDescriptors;
}

/** A message to the worker. The scene is null when it is the one of the previous message. */
export type DrawMessage =
  | { readonly kind: "fonts"; readonly fonts: readonly FontSource[] }
  | { readonly kind: "draw"; readonly scene: Scene | null; readonly style: DrawStyle; readonly tile: Tile; readonly pixelRatio: number };

export interface DrawWorker {
  readonly draw: (request: DrawRequest) => void;
  readonly close: () => void;
}

/** Starts a worker that calls `onDrawn` for each request. After `onFailed` it sends nothing more. */
export function startDrawWorker(onDrawn: (result: DrawResult) => void, onFailed: () => void): DrawWorker {
  const worker = new Worker(new URL("./draw.worker.ts", import.meta.url), { type: "module" });
  const post = (message: DrawMessage) => { worker.postMessage(message); };
  let sentScene: Scene | null = null;
  worker.addEventListener("message", (event: MessageEvent<DrawResult>) => { onDrawn(event.data); });
  worker.addEventListener("error", onFailed); // also when it can't be loaded, for example after an update of the server
  worker.addEventListener("messageerror", onFailed);
  post({ kind: "fonts", fonts: fontSources(document) });
  return {
    draw: ({ picture: { scene, ...style }, tile, pixelRatio }) => {
      post({ kind: "draw", scene: scene === sentScene ? null : scene, style, tile, pixelRatio });
      sentScene = scene;
    },
    close: () => { worker.terminate(); },
  };
}

/** The fonts of the page's own style sheets, which a worker does not have. */
function fontSources(page: Document): FontSource[] {
  const styleSheets = [...page.styleSheets].filter(({ href }) => href === null || new URL(href).origin === location.origin);
  const faces = styleSheets.flatMap(({ cssRules }) => [...cssRules]).filter((rule) => rule instanceof CSSFontFaceRule);
  return faces.map(({ style }) => {
    const property = (name: string) => style.getPropertyValue(name);
    const all = { weight: property("font-weight"), style: property("font-style"), unicodeRange: property("unicode-range") };
    const descriptors = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== "")); // FontFace rejects an empty one
    return { family: property("font-family").replaceAll('"', ""), source: property("src"), descriptors };
  });
}
