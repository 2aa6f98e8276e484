// By geometry: no label of the map covers another one, a line, a box or a frame's title, and no line passes behind a box.

import { expect, test } from "vitest";
import { fitTo } from "../../../src/traffic/canvas/camera.ts";
import { drawLabels } from "../../../src/traffic/canvas/drawLabels.ts";
import type { DrawContext } from "../../../src/traffic/canvas/drawStyle.ts";
import { LIGHT } from "../../../src/traffic/canvas/palette.ts";
import { buildScene, type Scene } from "../../../src/traffic/canvas/scene.ts";
import { type Bounds, boxBounds, overlaps, type Path, pathPoints, type Point } from "../../../src/traffic/layout/geometry.ts";
import { computeLayout, type LayoutInput } from "../../../src/traffic/layout/layout.ts";
import type { Graph, GraphLine } from "../../../src/traffic/model/graph.ts";
import { toneOf } from "../../../src/traffic/model/mesh.ts";

const VIEW = { width: 1072, height: 500 };

/** Numbers from 0 to 1, the same each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

/** So many services in namespaces of up to 25 and in four tiers. They call services of the next two tiers, sometimes of an earlier one; a load balancer is in front of several namespaces. */
function shopOf(count: number): Graph {
  const random = randomNumbers(count);
  const namespaces = Math.ceil(count / 25);
  const ids = Array.from({ length: count }, (_, n) => ({ id: `c/s${n}`, namespace: `n${n % namespaces}` }));
  const ends: LayoutInput["lines"][number][] = [];
  for (const [n, { id, namespace }] of ids.entries()) {
    const mates = ids.filter((one) => one.namespace === namespace);
    const own = mates.findIndex((one) => one.id === id);
    const tier = Math.ceil(mates.length / 4);
    const next = (Math.floor(own / tier) + 1) * tier;
    const later = mates.slice(next, next + 2 * tier);
    for (let call = 0; call < 3 && later.length > 0; call += 1) ends.push({ from: id, to: later[Math.floor(random() * later.length)]?.id ?? id });
    if (own > 2 && random() < 0.06) ends.push({ from: id, to: mates[Math.floor(random() * own)]?.id ?? id });
    if (own === 0) ends.push({ from: `outside/${namespace}`, to: id }, ...(namespaces > 1 && n < 4 ? [{ from: "elb/app/edge/1", to: id }] : []));
  }
  const known = new Set([...ids.map(({ id }) => id)]);
  const others = [...new Set(ends.map(({ from }) => from))].filter((id) => !known.has(id));
  const boxes = [...ids, ...others.map((id) => ({ id, namespace: id.startsWith("elb/") ? "elb/" : id.slice("outside/".length) }))];
  const unique = [...new Map(ends.map((line) => [`${line.from} ${line.to}`, line])).values()];
  return {
    boxes: boxes.map(({ id, namespace }) => ({ id, namespace, title: id, subtitle: "c", kind: "service", deploying: false, tasks: "1/1", isImpaired: false, unhealthy: 0, rate: 1, success: 1, tone: "good" })),
    lines: unique.map(({ from, to }): GraphLine => {
      const success = random() < 0.2 ? 0.953 : 1;
      return { id: `${from}>${to}`, from, to, edges: [], rate: 10 ** (4 * random()), success, tone: toneOf(success), tcp: false, p50: 5.2, p95: 14.4, p99: 122, ejected: 0, deploying: false };
    }),
  };
}

/** The labels that are drawn at a zoom, with letters as wide as those of the page's font. */
function labelsAt(scene: Scene, zoom: number): Bounds[] {
  const state: Record<string, unknown> = {};
  state.measureText = (text: string) => ({ width: text.length * 0.56 * Number(/([\d.]+)px/.exec(String(state.font))?.[1]) });
  const pen = new Proxy(state, { get: (own, name: string) => own[name] ?? (() => undefined) }) as unknown as DrawContext;
  const style = { palette: LIGHT, texts: { frames: {}, names: {}, kinds: {}, locale: "en" }, highlight: null, selected: null };
  return drawLabels(pen, scene.lines, { ...style, zoom });
}

function collisions(scene: Scene, labels: readonly Bounds[]): string[] {
  const boxes = scene.boxes.map(boxBounds);
  const titles = scene.frames.map(({ x, y, width }): Bounds => [x + 18, y + 6, x + width, y + 32]);
  const strokes = scene.lines.map(({ path, width }) => strokeOf(path, width / 2));
  return labels.flatMap((label, index) => [
    ...labels.slice(index + 1).filter((other) => overlaps(label, other)).map(() => "label on label"),
    ...[...boxes, ...titles].filter((other) => overlaps(label, other)).map(() => "label on box or title"),
    ...strokes.filter((stroke) => isCrossed(label, stroke)).map(() => "label on line"),
  ]);
}

interface Stroke {
  readonly points: readonly Point[];
  readonly reach: number;
  /** What no part of it is outside of. */
  readonly bounds: Bounds;
}

function strokeOf(path: Path, reach: number): Stroke {
  const points = pathPoints(path, 24);
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  return { points, reach, bounds: [Math.min(...xs) - reach, Math.min(...ys) - reach, Math.max(...xs) + reach, Math.max(...ys) + reach] };
}

function isCrossed(bounds: Bounds, { points, reach, bounds: around }: Stroke): boolean {
  return overlaps(bounds, around) && points.some((point, n) => n > 0 && crosses(bounds, points[n - 1] ?? point, point, reach));
}

/** Whether a segment, which is so wide on each side, crosses bounds; sampled every two units. */
function crosses([left, top, right, bottom]: Bounds, a: Point, b: Point, reach: number): boolean {
  if (Math.max(a.x, b.x) < left || Math.min(a.x, b.x) > right || Math.max(a.y, b.y) + reach < top || Math.min(a.y, b.y) - reach > bottom) return false;
  const steps = Math.ceil(Math.hypot(b.x - a.x, b.y - a.y) / 2) + 1;
  return Array.from({ length: steps + 1 }, (_, step) => step / steps).some((t) => {
    const [x, y] = [a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t];
    return x > left && x < right && y + reach > top && y - reach < bottom;
  });
}

function hiddenLines(scene: Scene): string[] {
  return scene.lines.flatMap(({ line, path }) => {
    const stroke = strokeOf(path, 0);
    const others = scene.boxes.filter(({ box }) => box.id !== line.from && box.id !== line.to).map(boxBounds);
    return others.filter((bounds) => isCrossed(bounds, stroke)).map(() => `${line.id} is behind a box`);
  });
}

test.each([3, 12, 60, 200])("with %d services, labels overlap nothing, and no line is hidden", (count) => {
  const graph = shopOf(count);
  const scene = buildScene(graph, computeLayout(graph));
  expect(scene.lines).toHaveLength(graph.lines.length);
  expect(hiddenLines(scene)).toEqual([]);
  const { zoom } = fitTo(scene, VIEW);
  for (const each of [zoom, 0.5, 0.75, 1, 2]) expect(collisions(scene, labelsAt(scene, each))).toEqual([]);
  expect(labelsAt(scene, 1)).toHaveLength(graph.lines.length); // none is left out
  if (count <= 12) expect(labelsAt(scene, zoom)).toHaveLength(graph.lines.length);
});

test("the first view of a small map fills its frame", () => {
  const graph = shopOf(3);
  const scene = buildScene(graph, computeLayout(graph));
  const { zoom } = fitTo(scene, VIEW);
  expect(Math.max((scene.width * zoom) / VIEW.width, (scene.height * zoom) / VIEW.height)).toBeGreaterThan(0.85);
});
