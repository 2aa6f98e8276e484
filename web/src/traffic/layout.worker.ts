// Lays out beside the page, so that a large mesh does not hold it up.

import { layoutOf, type Shape } from "./layout.ts";

self.addEventListener("message", (event: MessageEvent<{ readonly turn: number; readonly shape: Shape }>) => {
  self.postMessage({ turn: event.data.turn, layout: layoutOf(event.data.shape) });
});
