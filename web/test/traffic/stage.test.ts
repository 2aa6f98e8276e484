// When the map is painted, and above all when not.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Drawing, Order, Picture } from "../../src/traffic/artist.ts";
import { panned, zoomed } from "../../src/traffic/camera.ts";
import type { Graph } from "../../src/traffic/graph.ts";
import { layoutOf } from "../../src/traffic/layout.ts";
import { LIGHT } from "../../src/traffic/palette.ts";
import { lit, sceneOf } from "../../src/traffic/scene.ts";
import { Stage } from "../../src/traffic/stage.ts";

const box = (id: string) => ({ id, block: "", title: id, subtitle: "", kind: "service" as const, deploying: false, tasks: "" });
const graph = (rate: number): Graph => ({
  boxes: [box("a"), box("b")],
  lines: [
    {
      ...{ id: "a>b", from: "a", to: "b", edges: [], rate, success: 1, tone: "good", tcp: false },
      ...{ p50: null, p95: null, p99: null, ejected: 0, deploying: false },
    },
  ],
});
const picture = (rate: number, chosen: Picture["chosen"] = null): Picture => {
  const scene = sceneOf(graph(rate), layoutOf(graph(rate)));
  return { scene, palette: LIGHT, words: { nowhere: "", kinds: {}, locale: "en" }, lit: lit(scene, [chosen]), chosen };
};
const MOVING = picture(1, { kind: "box", id: "a" });

let frames: FrameRequestCallback[] = [];
let orders: Order[] = [];
let painted: string[] = [];
let finish: (drawing: Drawing) => void;
let fail: () => void;
let closed = 0;
let failures = 0;
let stage: Stage;

/** Let the browser paint as often as it is asked to, at most so many times; how often that was. */
function pass(most = 10): number {
  let count = 0;
  for (; count < most && frames.length > 0; count += 1) for (const frame of frames.splice(0)) frame(1000 + count * 16);
  return count;
}

/** The artist is done. */
function drawn() {
  finish({ pixels: { close: () => { closed += 1; } } as unknown as ImageBitmap, words: [] });
}

function hide(hidden: boolean) {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  [frames, orders, painted, closed, failures] = [[], [], [], 0, 0];
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => { frames = []; });
  stage = made();
});

afterEach(() => {
  stage.close();
  vi.useRealTimers();
});

function made(): Stage {
  const ctx = new Proxy({}, { get: (_, name) => () => { painted.push(String(name)); }, set: () => true });
  const canvas = document.createElement("canvas");
  canvas.getContext = (() => ctx) as unknown as typeof canvas.getContext;
  const stage = new Stage(canvas, () => { failures += 1; }, (onDrawn, onFailed) => {
    [finish, fail] = [onDrawn, onFailed];
    return { draw: (order) => { orders.push(order); }, close: () => undefined };
  });
  stage.resize({ width: 600, height: 300 });
  return stage;
}

test("a picture is drawn once, copied once, and then nothing happens", () => {
  stage.show(picture(1));
  expect(pass()).toBe(1);
  expect(painted).toEqual([]); // there is nothing yet
  drawn();
  expect(pass()).toBe(1);
  expect(orders).toHaveLength(1);
  expect(painted).toEqual(["fillRect", "drawImage"]);
  expect(pass()).toBe(0);
});

test("where something moves every frame copies the same pixels and adds what moves, in one path for a colour", () => {
  stage.show(MOVING);
  pass();
  drawn();
  painted = [];
  expect(pass(4)).toBe(4);
  expect(orders).toHaveLength(1);
  expect(painted.filter((name) => name === "drawImage")).toHaveLength(4);
  expect(painted.filter((name) => name === "fill")).toHaveLength(4);
  expect(painted.filter((name) => name === "arc").length).toBeGreaterThan(4);
});

test("who wants no motion sees none", () => {
  vi.spyOn(window, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
  stage.close();
  stage = made();
  stage.show(MOVING);
  pass();
  drawn();
  expect(pass()).toBe(1);
  expect(painted).toEqual(["fillRect", "drawImage"]);
});

test("nothing is painted in a tab that nobody sees, and all of it once somebody does", () => {
  stage.show(MOVING);
  pass();
  drawn();
  pass(2);
  painted = [];
  hide(true);
  pass();
  stage.show(picture(2, MOVING.chosen));
  expect(pass()).toBe(0);
  expect(painted).toEqual([]);
  hide(false);
  expect(pass(1)).toBe(1);
  expect(orders.map(({ picture: { scene } }) => scene.lines[0]?.line.rate)).toEqual([1, 2]);
  expect(pass(3)).toBe(3);
});

test("other figures are drawn anew while what there is stays, and the camera where it is", () => {
  stage.show(picture(1));
  stage.move((camera) => panned(camera, { x: 40, y: 0 }));
  pass();
  drawn();
  pass();
  const before = stage.hit({ x: 260, y: 150 });
  stage.show(picture(2));
  expect(pass()).toBe(1);
  expect(orders).toHaveLength(2);
  expect(stage.hit({ x: 260, y: 150 })).toEqual(before);
  drawn();
  expect(closed).toBe(1); // the pixels of before are let go
  expect(pass()).toBe(1);
});

test("while the camera moves what was drawn moves with it, and when it rests finer pixels are drawn", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  stage.show(picture(1));
  pass();
  drawn();
  pass();
  for (let n = 0; n < 4; n += 1) {
    stage.move((camera, view) => zoomed(panned(camera, { x: 5, y: 5 }), view, 1.1));
    vi.advanceTimersByTime(100);
    expect(pass()).toBe(1);
  }
  expect(orders).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(pass()).toBe(1);
  expect(orders).toHaveLength(2);
  drawn();
  expect(pass()).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(pass()).toBe(0);
  expect(orders).toHaveLength(2);
});

test("where something would be missing or very coarse it is drawn while the camera moves, one drawing at a time", () => {
  stage.show(picture(1));
  pass();
  drawn();
  pass();
  for (let n = 0; n < 5; n += 1) {
    stage.move((camera, view) => zoomed(camera, view, 1.2));
    expect(pass()).toBe(1);
  }
  expect(orders).toHaveLength(2);
  drawn();
  pass();
  stage.move((camera) => panned(camera, { x: 5000, y: 0 }));
  pass();
  expect(orders).toHaveLength(2); // there is nothing
});

test("a stage that is closed paints no more", () => {
  stage.show(MOVING);
  pass();
  drawn();
  pass(2);
  stage.close();
  painted = [];
  document.dispatchEvent(new Event("visibilitychange"));
  drawn();
  expect(pass()).toBe(0);
  expect(painted).toEqual([]);
});

test("an artist that fails is told of, unless nobody looks any more", () => {
  stage.show(picture(1));
  pass();
  fail();
  expect(failures).toBe(1);
  stage.close();
  fail();
  expect(failures).toBe(1);
});
