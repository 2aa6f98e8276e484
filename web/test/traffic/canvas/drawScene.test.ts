// What is drawn for lines and boxes, by the calls on a canvas context.

import { expect, test } from "vitest";
import { drawLabels } from "../../../src/traffic/canvas/drawLabels.ts";
import { boxState, drawScene } from "../../../src/traffic/canvas/drawScene.ts";
import type { DrawContext } from "../../../src/traffic/canvas/drawStyle.ts";
import { LIGHT } from "../../../src/traffic/canvas/palette.ts";
import { buildScene } from "../../../src/traffic/canvas/scene.ts";
import { BOX } from "../../../src/traffic/layout/geometry.ts";
import { computeLayout } from "../../../src/traffic/layout/layout.ts";
import type { Graph, GraphLine } from "../../../src/traffic/model/graph.ts";
import { toneOf } from "../../../src/traffic/model/mesh.ts";

interface Stroke {
  readonly kind: "line" | "box";
  readonly width: number;
  readonly color: string;
  readonly dashed: boolean;
}

const box = (id: string, deploying = false, title = id) => ({ id, namespace: "", title, subtitle: "", kind: "service" as const, deploying, tasks: "", isImpaired: false, unhealthy: 0, rate: null, success: null, tone: "none" as const });
const line = (rate: number, success: number, more: Partial<GraphLine> = {}): GraphLine => ({
  ...{ id: "a>b", from: "a", to: "b", edges: [], rate, success, tone: toneOf(success), tcp: false },
  ...{ p50: 1, p95: 2, p99: 3, ejected: 0, deploying: false, ...more },
});

interface Word {
  readonly text: string;
  /** World units. */
  readonly size: number;
  readonly width: number;
}

const LONG = "a-service-with-a-name-that-no-box-has-room-for";
const style = { palette: LIGHT, texts: { frames: {}, names: {}, kinds: {}, locale: "en" }, highlight: null, selected: null };

/** Strokes and words of a picture of two boxes with this line between them. */
function drawn(one: GraphLine, deploying = false, scale = 1, other = LONG): { strokes: Stroke[]; words: string[]; written: Word[] } {
  const graph: Graph = { boxes: [box("a"), box("b", deploying, other)], lines: [one] };
  const scene = buildScene(graph, computeLayout(graph));
  const [strokes, written]: [Stroke[], Word[]] = [[], []];
  let path: Stroke["kind"] = "box";
  let dashes: readonly number[] = [];
  const sizeOf = () => Number(/([\d.]+)px/.exec(String(state.font))?.[1]);
  const widthOf = (text: string) => Math.ceil(text.length * 0.55 * sizeOf()) + 1; // not as even as its size
  const state: Record<string, unknown> = {
    canvas: { width: 1000, height: 1000 },
    beginPath: () => { path = "box"; },
    bezierCurveTo: () => { path = "line"; },
    setLineDash: (given: readonly number[]) => { dashes = given; },
    measureText: (text: string) => ({ width: widthOf(text) }),
    fillText: (text: string) => { written.push({ text, size: sizeOf(), width: widthOf(text) }); },
    stroke: () => {
      strokes.push({ kind: path, width: Number(state.lineWidth), color: String(state.strokeStyle), dashed: dashes.length > 0 });
    },
  };
  const ctx = new Proxy(state, { get: (own, name: string) => own[name] ?? (() => undefined) });
  drawScene(ctx as unknown as DrawContext, scene, style, { bounds: [-500, -500, 1000, 1000], scale }, 1);
  return { strokes, words: written.map(({ text }) => text), written };
}

const lineOf = (one: GraphLine) => drawn(one).strokes.find(({ kind }) => kind === "line");

test("a line is the wider the more requests it has", () => {
  const widths = [1, 10, 100, 1000, 10_000].map((rate) => lineOf(line(rate, 1))?.width ?? NaN);
  expect(widths).toEqual([...new Set(widths)].sort((a, b) => a - b));
  expect((widths[4] ?? 0) - (widths[3] ?? 0)).toBeCloseTo((widths[3] ?? 0) - (widths[2] ?? 0), 1); // by each tenfold
});

test.each([[1, "good"], [0.999, "good"], [0.995, "fair"], [0.99, "fair"], [0.98, "bad"], [0, "bad"]] as const)(
  "where %d of the requests succeed the line has the colour for %s, and a sign unless that is good",
  (success, tone) => {
    const { strokes, words } = drawn(line(10, success));
    expect(strokes.find(({ kind }) => kind === "line")?.color).toBe(LIGHT.tones[tone]);
    const sign = { good: "", fair: " !", bad: " !!" }[tone];
    const [rate = ""] = words.filter((text) => text.startsWith("10/s"));
    expect(/ !+$/.exec(rate)?.[0] ?? "").toBe(sign);
    expect(words).toContain("1 / 2 / 3 ms");
  },
);

test("hosts that are kept away are on the line, and TCP is dashed", () => {
  expect(drawn(line(10, 1, { ejected: 2 })).words.some((text) => text.includes("⊘ 2"))).toBe(true);
  expect(lineOf(line(10, 1, { tcp: true }))?.dashed).toBe(true);
  expect(lineOf(line(10, 1))?.dashed).toBe(false);
});

test("a service that is being deployed has a frame and a mark of its own", () => {
  const frames = (deploying: boolean) => drawn(line(10, 1), deploying).strokes.filter(({ color }) => color === LIGHT.deploying);
  expect([frames(false).length, frames(true).length]).toEqual([0, 1]);
  expect(drawn(line(10, 1), true).words).toContain("↻");
});

test.each([1, 0.5, 0.36])("at the zoom %d names can be read and stay in their boxes", (scale) => {
  const { written } = drawn(line(10, 1), false, scale);
  const [short, long] = ["a", LONG.slice(0, 8)].map((name) => written.find(({ text }) => text.startsWith(name)));
  expect((short?.size ?? 0) * scale).toBeGreaterThan(9);
  expect(long?.text).toMatch(/…$/);
  expect(long?.width).toBeLessThanOrEqual(BOX.width - 20);
});

/** What `drawLabels` is given of two boxes with a line between them, on which all words are so wide. */
function labelled(width: number) {
  const state: Record<string, unknown> = { measureText: () => ({ width: width }) };
  const pen = new Proxy(state, { get: (own, name: string) => own[name] ?? (() => undefined) }) as unknown as DrawContext;
  const graph: Graph = { boxes: [box("a"), box("b")], lines: [line(10, 0.5)] };
  return { pen, ...buildScene(graph, computeLayout(graph)) };
}

test("a name that has room when it is a little smaller is written whole", () => {
  expect(drawn(line(10, 1), false, 0.5, "delivery-storehouse").words).toContain("delivery-storehouse");
});

test("a label that has no room at this zoom is shorter, and at last left out", () => {
  const labels = (width: number) => {
    const { pen, lines } = labelled(width);
    return drawLabels(pen, lines, { ...style, zoom: 1 });
  };
  expect(labels(60)).toHaveLength(1);
  expect(labels(2000)).toEqual([]);
});

test("a box says what it receives, and how many of its tasks run", () => {
  const given = { ...box("a"), rate: 12, success: 0.95, tone: "bad" as const, tasks: "1/2", unhealthy: 1 };
  expect(boxState({ ...given, deploying: true }, "en")).toEqual({ traffic: "12/s  95 % !!", tasks: "↻ 1/2 ✕ 1" });
  expect(boxState(box("a"), "en")).toEqual({ traffic: "", tasks: "" });
});
