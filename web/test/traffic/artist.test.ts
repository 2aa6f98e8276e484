// Who draws beside the page, and what the page hears of it when that does not go well.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hireArtist, type Told } from "../../src/traffic/artist.ts";
import { LIGHT } from "../../src/traffic/palette.ts";

const ORDER = {
  kind: "order",
  scene: { width: 10, height: 10, blocks: [], boxes: [], lines: [] },
  look: { palette: LIGHT, words: { nowhere: "", kinds: {}, locale: "en" }, lit: null, chosen: null },
  patch: { of: [0, 0, 10, 10], scale: 1 },
  density: 1,
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

async function tell(told: unknown) {
  const scope = new EventTarget();
  vi.stubGlobal("self", scope);
  await import("../../src/traffic/draw.worker.ts");
  scope.dispatchEvent(new MessageEvent<Told>("message", { data: told as Told }));
  await new Promise((resolve) => setTimeout(resolve));
}

test("a worker without a context to draw in says so", async () => {
  vi.stubGlobal("OffscreenCanvas", canvas(null));
  await tell(ORDER);
  expect(reported).toEqual([new Error("there is nothing to draw with")]);
});

test("a drawing that fails midway is said, too", async () => {
  const full = new Error("no room for so many pixels");
  vi.stubGlobal("OffscreenCanvas", canvas({ setTransform: () => { throw full; } }));
  await tell(ORDER);
  expect(reported).toEqual([full]);
});

test.each(["error", "messageerror"])("the page hears of a worker's %s", (kind) => {
  const made: EventTarget[] = [];
  vi.stubGlobal("Worker", class extends EventTarget {
    constructor() {
      super();
      made.push(this);
    }
    postMessage() { /* it is not there */ }
  });
  const failed = vi.fn();
  hireArtist(() => undefined, failed);
  made[0]?.dispatchEvent(new Event(kind));
  expect(failed).toHaveBeenCalledOnce();
});
