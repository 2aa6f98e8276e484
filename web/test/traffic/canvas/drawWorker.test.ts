// The draw worker, and what the page learns when it fails.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type DrawMessage, startDrawWorker } from "../../../src/traffic/canvas/drawWorker.ts";
import { LIGHT } from "../../../src/traffic/canvas/palette.ts";

const MESSAGE = {
  kind: "draw",
  scene: { width: 10, height: 10, frames: [], boxes: [], lines: [] },
  style: { palette: LIGHT, texts: { frames: {}, kinds: {}, locale: "en" }, highlight: null, selected: null },
  tile: { bounds: [0, 0, 10, 10], scale: 1 },
  pixelRatio: 1,
};

let reported: unknown[] = [];

/** A worker's canvas with this context. */
function canvas(ctx: unknown) {
  return class {
    getContext() { return ctx; }
  };
}

beforeEach(() => {
  reported = [];
  vi.resetModules();
  vi.stubGlobal("reportError", (error: unknown) => reported.push(error));
});

afterEach(() => {
  vi.unstubAllGlobals();
});

async function post(message: unknown) {
  const scope = new EventTarget();
  vi.stubGlobal("self", scope);
  await import("../../../src/traffic/canvas/draw.worker.ts");
  scope.dispatchEvent(new MessageEvent<DrawMessage>("message", { data: message as DrawMessage }));
  await new Promise((resolve) => setTimeout(resolve));
}

test("a worker without a context to draw in says so", async () => {
  vi.stubGlobal("OffscreenCanvas", canvas(null));
  await post(MESSAGE);
  expect(reported).toEqual([new Error("the worker has no canvas context or no scene")]);
});

test("a drawing that fails midway is said, too", async () => {
  const full = new Error("no room for so many pixels");
  vi.stubGlobal("OffscreenCanvas", canvas({ setTransform: () => { throw full; } }));
  await post(MESSAGE);
  expect(reported).toEqual([full]);
});

test.each(["error", "messageerror"])("the page hears of a worker's %s", (kind) => {
  const workers: EventTarget[] = [];
  vi.stubGlobal("Worker", class extends EventTarget {
    constructor() {
      super();
      workers.push(this);
    }
    postMessage() { /* it is not there */ }
  });
  const failed = vi.fn();
  startDrawWorker(() => undefined, failed);
  workers[0]?.dispatchEvent(new Event(kind));
  expect(failed).toHaveBeenCalledOnce();
});
