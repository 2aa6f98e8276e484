// What is drawn of a line and a box, as the calls that a canvas gets.

import { expect, test } from "vitest";
import { draw, type Pen } from "../../src/traffic/draw.ts";
import type { Line, Graph } from "../../src/traffic/graph.ts";
import { drawLabels } from "../../src/traffic/labels.ts";
import { layoutOf } from "../../src/traffic/layout.ts";
import { LIGHT } from "../../src/traffic/palette.ts";
import { type Bounds, overlap } from "../../src/traffic/patch.ts";
import { BOX, boxBounds } from "../../src/traffic/place.ts";
import { sceneOf } from "../../src/traffic/scene.ts";
import { toneOf } from "../../src/traffic/values.ts";

interface Stroke {
  readonly kind: "line" | "box";
  readonly width: number;
  readonly color: string;
  readonly dashed: boolean;
}

const box = (id: string, deploying = false, title = id) => ({ id, block: "", title, subtitle: "", kind: "service" as const, deploying, tasks: "" });
const line = (rate: number, success: number, more: Partial<Line> = {}): Line => ({
  ...{ id: "a>b", from: "a", to: "b", edges: [], rate, success, tone: toneOf(success), tcp: false },
  ...{ p50: 1, p95: 2, p99: 3, ejected: 0, deploying: false, ...more },
});

interface Word {
  readonly text: string;
  /** Of its type, and its width, in the world. */
  readonly size: number;
  readonly width: number;
}

const LONG = "a-service-with-a-name-that-no-box-has-room-for";
const look = { palette: LIGHT, words: { nowhere: "", kinds: {}, locale: "en" }, lit: null, chosen: null };

/** Strokes and words of a picture of two boxes with this line between them. */
function drawn(one: Line, deploying = false, scale = 1, other = LONG): { strokes: Stroke[]; words: string[]; written: Word[] } {
  const graph: Graph = { boxes: [box("a"), box("b", deploying, other)], lines: [one] };
  const scene = sceneOf(graph, layoutOf(graph));
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
  draw(ctx as unknown as Pen, scene, look, { of: [-500, -500, 1000, 1000], scale }, 1);
  return { strokes, words: written.map(({ text }) => text), written };
}

const lineOf = (one: Line) => drawn(one).strokes.find(({ kind }) => kind === "line");

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
  const state: Record<string, unknown> = { measureText: () => ({ width }) };
  const pen = new Proxy(state, { get: (own, name: string) => own[name] ?? (() => undefined) }) as unknown as Pen;
  const graph: Graph = { boxes: [box("a"), box("b")], lines: [line(10, 0.5)] };
  return { pen, ...sceneOf(graph, layoutOf(graph)) };
}

test("a name that has room when it is a little smaller is written whole", () => {
  expect(drawn(line(10, 1), false, 0.5, "delivery-storehouse").words).toContain("delivery-storehouse");
});

test("words that are wider than their line stand clear of the boxes at its ends", () => {
  const { pen, lines, boxes } = labelled(200);
  const names = boxes.map(boxBounds);
  const [place] = drawLabels(pen, lines, names, { ...look, zoom: 1 });
  expect(names.map((name) => place && overlap(place, name))).toEqual([false, false]);
});

test("words that would lie on a name are left out, unless a few lines are looked at", () => {
  const { pen, lines } = labelled(60);
  const everywhere: Bounds = [-1000, -1000, 1000, 1000];
  const one = { boxes: new Set<string>(), lines: new Set(["a>b"]) };
  expect(drawLabels(pen, lines, [], { ...look, zoom: 1 })).toHaveLength(1);
  expect(drawLabels(pen, lines, [everywhere], { ...look, zoom: 1 })).toEqual([]);
  expect(drawLabels(pen, lines, [everywhere], { ...look, zoom: 1, lit: one })).toHaveLength(1);
});
