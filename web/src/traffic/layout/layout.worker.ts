// Computes layouts in a worker, because the layout of a large mesh would block the page.

import { computeLayout } from "./layout.ts";
import type { LayoutRequest, LayoutResponse } from "./useLayout.ts";

self.addEventListener("message", ({ data }: MessageEvent<LayoutRequest>) => {
  const response: LayoutResponse = { requestId: data.requestId, layout: computeLayout(data.input) };
  self.postMessage(response);
});
