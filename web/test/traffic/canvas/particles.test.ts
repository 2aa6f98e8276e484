import { expect, test } from "vitest";
import type { Graph, GraphLine } from "../../../src/traffic/model/graph.ts";
import { computeLayout } from "../../../src/traffic/layout/layout.ts";
import type { Viewport } from "../../../src/traffic/canvas/tile.ts";
import { boxBounds } from "../../../src/traffic/layout/geometry.ts";
import { buildScene, highlightOf } from "../../../src/traffic/canvas/scene.ts";
import { isAnimated, type Particles, particlesAt, particleTracks } from "../../../src/traffic/canvas/particles.ts";

const box = (id: string) => ({ id, namespace: "", title: id, subtitle: "", kind: "service" as const, deploying: false, tasks: "", isImpaired: false, unhealthy: 0, rate: null, success: null, tone: "none" as const });
const line = (from: string, to: string, rate: number): GraphLine => ({
  ...{ id: `${from}>${to}`, from, to, rate, edges: [], success: 1, tcp: false, ejected: 0, deploying: false },
  ...{ tone: rate > 100 ? ("bad" as const) : ("good" as const), p50: null, p95: null, p99: null },
});
const GRAPH: Graph = {
  boxes: ["a", "b", "c", "d"].map(box),
  lines: [line("a", "b", 1), line("b", "c", 1000), line("a", "d", 1)],
};
const SCENE = buildScene(GRAPH, computeLayout(GRAPH));
const VIEWPORT: Viewport = { camera: { x: SCENE.width / 2, y: SCENE.height / 2, zoom: 1 }, view: { width: 2000, height: 900 }, pixelRatio: 1 };
const HIGHLIGHT = highlightOf(SCENE, [{ kind: "box", id: "b" }]);
const all = (sparks: Particles) => [...sparks.values()].flat();

test("only lines that stand out have something that moves, each in its colour", () => {
  expect(particleTracks(SCENE, null, [])).toEqual([]);
  const sparks = particlesAt(particleTracks(SCENE, HIGHLIGHT, []), 0, VIEWPORT);
  expect([...sparks.keys()].sort()).toEqual(["bad", "good"]);
});

test("the more requests, the quicker", () => {
  const [slow, quick] = particleTracks(SCENE, HIGHLIGHT, []).sort((a, b) => a.speed - b.speed);
  expect(quick?.tone).toBe("bad");
  expect((quick?.speed ?? 0) / (slow?.speed ?? 1)).toBeGreaterThan(2);
});

test("a spark is never on a box or on words", () => {
  const words = [boxBounds({ x: SCENE.width / 2 - 90, y: 0 })];
  const tracks = particleTracks(SCENE, HIGHLIGHT, words);
  expect(tracks.every(({ points }) => points.includes(null))).toBe(true);
  const above = [...words, ...SCENE.boxes.map(boxBounds)];
  for (let seconds = 0; seconds < 2; seconds += 0.1) {
    for (const { x, y } of all(particlesAt(tracks, seconds, VIEWPORT))) {
      const world = { x: x - VIEWPORT.view.width / 2 + VIEWPORT.camera.x, y: y - VIEWPORT.view.height / 2 + VIEWPORT.camera.y };
      expect(above.some(([left, top, right, bottom]) => world.x > left && world.x < right && world.y > top && world.y < bottom)).toBe(false);
    }
  }
});

test("they are as far apart at every zoom, and there are none where they would only flicker", () => {
  const tracks = particleTracks(SCENE, HIGHLIGHT, []);
  const count = (zoom: number) => all(particlesAt(tracks, 0, { ...VIEWPORT, camera: { ...VIEWPORT.camera, zoom } })).length;
  expect(count(0.5)).toBeLessThan(count(1));
  expect(isAnimated(tracks, 0.1)).toBe(false);
  expect(count(0.1)).toBe(0);
});

test("those out of view are left out", () => {
  const tracks = particleTracks(SCENE, HIGHLIGHT, []);
  expect(all(particlesAt(tracks, 0, { ...VIEWPORT, camera: { x: -5000, y: 0, zoom: 1 } }))).toEqual([]);
});

test("there are never more than a few hundred", () => {
  const [track] = particleTracks(SCENE, HIGHLIGHT, []);
  const many = Array.from({ length: 300 }, () => track).filter((one) => one !== undefined);
  const sparks = all(particlesAt(many, 0, VIEWPORT));
  expect(sparks.length).toBeGreaterThan(200);
  expect(sparks.length).toBeLessThanOrEqual(700);
});
