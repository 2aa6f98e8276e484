import { expect, test } from "vitest";
import type { Graph, Line } from "../../src/traffic/graph.ts";
import { layoutOf } from "../../src/traffic/layout.ts";
import type { Sight } from "../../src/traffic/patch.ts";
import { boxBounds } from "../../src/traffic/place.ts";
import { lit, sceneOf } from "../../src/traffic/scene.ts";
import { isMoving, type Sparks, sparksAt, tracksOf } from "../../src/traffic/sparks.ts";

const box = (id: string) => ({ id, block: "", title: id, subtitle: "", kind: "service" as const, deploying: false, tasks: "" });
const line = (from: string, to: string, rate: number): Line => ({
  ...{ id: `${from}>${to}`, from, to, rate, edges: [], success: 1, tcp: false, ejected: 0, deploying: false },
  ...{ tone: rate > 100 ? ("bad" as const) : ("good" as const), p50: null, p95: null, p99: null },
});
const GRAPH: Graph = {
  boxes: ["a", "b", "c", "d"].map(box),
  lines: [line("a", "b", 1), line("b", "c", 1000), line("a", "d", 1)],
};
const SCENE = sceneOf(GRAPH, layoutOf(GRAPH));
const SIGHT: Sight = { camera: { x: SCENE.width / 2, y: SCENE.height / 2, zoom: 1 }, view: { width: 2000, height: 900 }, density: 1 };
const LIT = lit(SCENE, [{ kind: "box", id: "b" }]);
const all = (sparks: Sparks) => [...sparks.values()].flat();

test("only lines that stand out have something that moves, each in its colour", () => {
  expect(tracksOf(SCENE, null, [])).toEqual([]);
  const sparks = sparksAt(tracksOf(SCENE, LIT, []), 0, SIGHT);
  expect([...sparks.keys()].sort()).toEqual(["bad", "good"]);
});

test("the more requests, the quicker", () => {
  const [slow, quick] = tracksOf(SCENE, LIT, []).sort((a, b) => a.speed - b.speed);
  expect(quick?.tone).toBe("bad");
  expect((quick?.speed ?? 0) / (slow?.speed ?? 1)).toBeGreaterThan(2);
});

test("a spark is never on a box or on words", () => {
  const words = [boxBounds({ x: SCENE.width / 2 - 90, y: 0 })];
  const tracks = tracksOf(SCENE, LIT, words);
  expect(tracks.every(({ points }) => points.includes(null))).toBe(true);
  const above = [...words, ...SCENE.boxes.map(boxBounds)];
  for (let seconds = 0; seconds < 2; seconds += 0.1) {
    for (const { x, y } of all(sparksAt(tracks, seconds, SIGHT))) {
      const world = { x: x - SIGHT.view.width / 2 + SIGHT.camera.x, y: y - SIGHT.view.height / 2 + SIGHT.camera.y };
      expect(above.some(([left, top, right, bottom]) => world.x > left && world.x < right && world.y > top && world.y < bottom)).toBe(false);
    }
  }
});

test("they are as far apart at every zoom, and there are none where they would only flicker", () => {
  const tracks = tracksOf(SCENE, LIT, []);
  const count = (zoom: number) => all(sparksAt(tracks, 0, { ...SIGHT, camera: { ...SIGHT.camera, zoom } })).length;
  expect(count(0.5)).toBeLessThan(count(1));
  expect(isMoving(tracks, 0.1)).toBe(false);
  expect(count(0.1)).toBe(0);
});

test("those out of view are left out", () => {
  const tracks = tracksOf(SCENE, LIT, []);
  expect(all(sparksAt(tracks, 0, { ...SIGHT, camera: { x: -5000, y: 0, zoom: 1 } }))).toEqual([]);
});

test("there are never more than a few hundred", () => {
  const [track] = tracksOf(SCENE, LIT, []);
  const many = Array.from({ length: 300 }, () => track).filter((one) => one !== undefined);
  const sparks = all(sparksAt(many, 0, SIGHT));
  expect(sparks.length).toBeGreaterThan(200);
  expect(sparks.length).toBeLessThanOrEqual(700);
});
