// When the map is painted, and when it is not.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { DrawRequest, DrawResult, Picture } from "../../../src/traffic/canvas/drawWorker.ts";
import { type Camera, panBy, zoomBy } from "../../../src/traffic/canvas/camera.ts";
import type { Graph } from "../../../src/traffic/model/graph.ts";
import { computeLayout } from "../../../src/traffic/layout/layout.ts";
import { LIGHT } from "../../../src/traffic/canvas/palette.ts";
import { buildScene, highlightOf } from "../../../src/traffic/canvas/scene.ts";
import { MapCanvas } from "../../../src/traffic/canvas/mapCanvas.ts";

const box = (id: string) => ({ id, namespace: "", title: id, subtitle: "", kind: "service" as const, deploying: false, tasks: "", isImpaired: false, unhealthy: 0, rate: null, success: null, tone: "none" as const });
const graph = (rate: number): Graph => ({
  boxes: [box("a"), box("b")],
  lines: [
    {
      ...{ id: "a>b", from: "a", to: "b", edges: [], rate, success: 1, tone: "good", tcp: false },
      ...{ p50: null, p95: null, p99: null, ejected: 0, deploying: false },
    },
  ],
});
const picture = (rate: number, selected: Picture["selected"] = null): Picture => {
  const scene = buildScene(graph(rate), computeLayout(graph(rate)));
  return { scene, palette: LIGHT, texts: { frames: {}, names: {}, kinds: {}, locale: "en" }, highlight: highlightOf(scene, [selected]), selected };
};
const larger = (): Picture => {
  const two = graph(1);
  const three: Graph = { boxes: [...two.boxes, box("c")], lines: two.lines.flatMap((line) => [line, { ...line, id: "b>c", from: "b", to: "c" }]) };
  return { ...picture(1), scene: buildScene(three, computeLayout(three)) };
};
const MOVING = picture(1, { kind: "box", id: "a" });

let frames: FrameRequestCallback[] = [];
let requests: DrawRequest[] = [];
let painted: string[] = [];
let finish: (result: DrawResult) => void;
let fail: () => void;
let closed = 0;
let failures = 0;
let map: MapCanvas;

/** Let the browser paint as often as it is asked to, at most so many times; how often that was. */
function pass(most = 10): number {
  let count = 0;
  for (; count < most && frames.length > 0; count += 1) for (const frame of frames.splice(0)) frame(1000 + count * 16);
  return count;
}

/** The worker has drawn the tile. */
function drawn() {
  finish({ pixels: { close: () => { closed += 1; } } as unknown as ImageBitmap, labels: [] });
}

function hide(hidden: boolean) {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => {
  [frames, requests, painted, closed, failures] = [[], [], [], 0, 0];
  vi.stubGlobal("requestAnimationFrame", (frame: FrameRequestCallback) => frames.push(frame));
  vi.stubGlobal("cancelAnimationFrame", () => { frames = []; });
  map = createMap();
});

afterEach(() => {
  map.close();
  vi.useRealTimers();
});

function createMap(): MapCanvas {
  const ctx = new Proxy({}, { get: (_, name) => () => { painted.push(String(name)); }, set: () => true });
  const canvas = document.createElement("canvas");
  canvas.getContext = (() => ctx) as unknown as typeof canvas.getContext;
  const map = new MapCanvas(canvas, () => { failures += 1; }, (onDrawn, onFailed) => {
    [finish, fail] = [onDrawn, onFailed];
    return { draw: (request) => { requests.push(request); }, close: () => undefined };
  });
  map.resize({ width: 600, height: 300 });
  return map;
}

test("a picture is drawn once, copied once, and then nothing happens", () => {
  map.show(picture(1));
  expect(pass()).toBe(1);
  expect(painted).toEqual([]); // there is nothing yet
  drawn();
  expect(pass()).toBe(1);
  expect(requests).toHaveLength(1);
  expect(painted).toEqual(["fillRect", "drawImage"]);
  expect(pass()).toBe(0);
});

test("where something moves every frame copies the same pixels and adds what moves, in one path for a colour", () => {
  map.show(MOVING);
  pass();
  drawn();
  painted = [];
  expect(pass(4)).toBe(4);
  expect(requests).toHaveLength(1);
  expect(painted.filter((name) => name === "drawImage")).toHaveLength(4);
  expect(painted.filter((name) => name === "fill")).toHaveLength(4);
  expect(painted.filter((name) => name === "arc").length).toBeGreaterThan(4);
});

test("who wants no motion sees none", () => {
  vi.spyOn(window, "matchMedia").mockReturnValue({ matches: true } as MediaQueryList);
  map.close();
  map = createMap();
  map.show(MOVING);
  pass();
  drawn();
  expect(pass()).toBe(1);
  expect(painted).toEqual(["fillRect", "drawImage"]);
});

test("nothing is painted in a tab that nobody sees, and all of it once somebody does", () => {
  map.show(MOVING);
  pass();
  drawn();
  pass(2);
  painted = [];
  hide(true);
  pass();
  map.show(picture(2, MOVING.selected));
  expect(pass()).toBe(0);
  expect(painted).toEqual([]);
  hide(false);
  expect(pass(1)).toBe(1);
  expect(requests.map(({ picture: { scene } }) => scene.lines[0]?.line.rate)).toEqual([1, 2]);
  expect(pass(3)).toBe(3);
});

test("changed metrics are drawn while what there is stays, and the camera where it is", () => {
  map.show(picture(1));
  map.moveCamera((camera) => panBy(camera, { x: 40, y: 0 }));
  pass();
  drawn();
  pass();
  const before = map.itemAt({ x: 260, y: 150 });
  map.show(picture(2));
  expect(pass()).toBe(1);
  expect(requests).toHaveLength(2);
  expect(map.itemAt({ x: 260, y: 150 })).toEqual(before);
  drawn();
  expect(closed).toBe(1); // the pixels of before are let go
  expect(pass()).toBe(1);
});

/** The scale of the newest tile that the worker was asked for, once everything is painted. */
function scale(): number | undefined {
  pass();
  drawn();
  pass();
  return requests.at(-1)?.tile.scale;
}

test("a camera that somebody has moved stays when the picture or the canvas has another size, until it is fitted again", () => {
  map.show(picture(1));
  let camera: Camera | null = null;
  map.moveCamera((fitted, view) => (camera = zoomBy(fitted, view, 1.2)));
  map.show(larger());
  map.resize({ width: 500, height: 400 });
  map.moveCamera((present) => {
    expect(present).toEqual(camera);
    return present;
  });
  map.fit();
  map.moveCamera((present) => {
    expect(present).not.toEqual(camera);
    return present;
  });
});

test("a camera that nobody has moved shows the whole picture, whatever its size and the canvas's", () => {
  map.show(larger());
  const whole = scale();
  map.show(picture(1));
  expect(scale()).not.toBe(whole);
  map.show(larger());
  expect(scale()).toBe(whole);
  map.resize({ width: 300, height: 150 });
  expect(scale()).toBeLessThan(whole ?? 0);
});

test("while the camera moves what was drawn moves with it, and when it rests finer pixels are drawn", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  map.show(picture(1));
  pass();
  drawn();
  pass();
  for (let n = 0; n < 4; n += 1) {
    map.moveCamera((camera, view) => zoomBy(panBy(camera, { x: 5, y: 5 }), view, 1.1));
    vi.advanceTimersByTime(100);
    expect(pass()).toBe(1);
  }
  expect(requests).toHaveLength(1);
  vi.advanceTimersByTime(100);
  expect(pass()).toBe(1);
  expect(requests).toHaveLength(2);
  drawn();
  expect(pass()).toBe(1);
  vi.advanceTimersByTime(1000);
  expect(pass()).toBe(0);
  expect(requests).toHaveLength(2);
});

test("where something would be missing or very coarse it is drawn while the camera moves, one drawing at a time", () => {
  map.show(picture(1));
  pass();
  drawn();
  pass();
  for (let n = 0; n < 5; n += 1) {
    map.moveCamera((camera, view) => zoomBy(camera, view, 1.2));
    expect(pass()).toBe(1);
  }
  expect(requests).toHaveLength(2);
  drawn();
  pass();
  map.moveCamera((camera) => panBy(camera, { x: 5000, y: 0 }));
  pass();
  expect(requests).toHaveLength(2); // there is nothing
});

test("a closed map paints no more", () => {
  map.show(MOVING);
  pass();
  drawn();
  pass(2);
  map.close();
  painted = [];
  document.dispatchEvent(new Event("visibilitychange"));
  drawn();
  expect(pass()).toBe(0);
  expect(painted).toEqual([]);
});

test("a failed worker is reported until the map is closed", () => {
  map.show(picture(1));
  pass();
  fail();
  expect(failures).toBe(1);
  map.close();
  fail();
  expect(failures).toBe(1);
});
