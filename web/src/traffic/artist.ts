// Has pictures drawn beside the page, one at a time: a worker's canvas makes pixels of what is asked for.

import type { Look } from "./draw.ts";
import type { Bounds, Patch } from "./patch.ts";
import type { Scene } from "./scene.ts";
import { whenLost } from "./worker.ts";

/** A picture to be drawn. */
export interface Picture extends Look {
  readonly scene: Scene;
}

/** What of it. */
export interface Order {
  readonly picture: Picture;
  readonly patch: Patch;
  readonly density: number;
}

/** What became of an order. */
export interface Drawing {
  readonly pixels: ImageBitmap;
  /** Where words are, in the world. */
  readonly words: readonly Bounds[];
}

export interface Font {
  readonly family: string;
  readonly source: string;
  readonly descriptors: FontFaceDescriptors;
}

/** What the worker is told; a scene only when it is another one. */
export type Told =
  | { readonly kind: "fonts"; readonly fonts: readonly Font[] }
  | { readonly kind: "order"; readonly scene: Scene | null; readonly look: Look; readonly patch: Patch; readonly density: number };

export interface Artist {
  draw: (order: Order) => void;
  close: () => void;
}

/** Calls `onDrawn` for each order, until `onFailed`: from then on nothing comes any more. */
export function hireArtist(onDrawn: (drawing: Drawing) => void, onFailed: () => void): Artist {
  const worker = new Worker(new URL("./draw.worker.ts", import.meta.url), { type: "module" });
  const tell = (told: Told) => { worker.postMessage(told); };
  let known: Scene | null = null;
  worker.addEventListener("message", (event: MessageEvent<Drawing>) => { onDrawn(event.data); });
  whenLost(worker, onFailed);
  tell({ kind: "fonts", fonts: fontsOf(document) });
  return {
    draw: ({ picture: { scene, ...look }, patch, density }) => {
      tell({ kind: "order", scene: scene === known ? null : scene, look, patch, density });
      known = scene;
    },
    close: () => { worker.terminate(); },
  };
}

/** The fonts of the page's own style sheets, which a worker does not see. */
function fontsOf(page: Document): Font[] {
  const own = [...page.styleSheets].filter(({ href }) => href === null || new URL(href).origin === location.origin);
  const faces = own.flatMap(({ cssRules }) => [...cssRules]).filter((rule) => rule instanceof CSSFontFaceRule);
  return faces.map(({ style }) => {
    const said = (name: string) => style.getPropertyValue(name);
    const described = { weight: said("font-weight"), style: said("font-style"), unicodeRange: said("unicode-range") };
    const descriptors = Object.fromEntries(Object.entries(described).filter(([, value]) => value !== "")); // an empty one is an error
    return { family: said("font-family").replaceAll('"', ""), source: said("src"), descriptors };
  });
}
