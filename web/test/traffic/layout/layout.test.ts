import { expect, test } from "vitest";
import { computeLayout, type LayoutInput } from "../../../src/traffic/layout/layout.ts";
import { BOX } from "../../../src/traffic/layout/geometry.ts";

const [NAMESPACES, TIERS, WIDE] = [2, 5, 6];

/** Services in namespaces and tiers, each calling some of the tiers below; the same each time. */
function city(): LayoutInput {
  const boxes = [];
  const lines = [];
  for (let namespace = 0; namespace < NAMESPACES; namespace += 1) {
    for (let place = 0; place < TIERS * WIDE; place += 1) {
      boxes.push({ id: `n${namespace}/s${place}`, namespace: `n${namespace}` });
      const below = (Math.floor(place / WIDE) + 1) * WIDE;
      for (const far of [place % 3, place % 5, WIDE + (place % 4)]) {
        if (below + far < TIERS * WIDE) lines.push({ from: `n${namespace}/s${place}`, to: `n${namespace}/s${below + far}` });
      }
    }
  }
  return { boxes, lines };
}

const CITY = city();
const LAID = computeLayout(CITY);

test("no two boxes overlap, and each is in its namespace's frame", () => {
  const { positions, frames } = LAID;
  const all = [...positions.values()];
  for (const [n, a] of all.entries()) {
    for (const b of all.slice(n + 1)) {
      expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
    }
  }
  for (const { id, namespace } of CITY.boxes) {
    const [place, frame] = [positions.get(id), frames.find((one) => one.id === namespace)];
    expect(place && frame).toBeTruthy();
    if (!place || !frame) continue;
    expect(place.x).toBeGreaterThan(frame.x);
    expect(place.y).toBeGreaterThan(frame.y);
    expect(place.x + BOX.width).toBeLessThan(frame.x + frame.width);
    expect(place.y + BOX.height).toBeLessThan(frame.y + frame.height);
  }
});

test("callers stand left of what they call, where nobody calls back", () => {
  const { positions } = LAID;
  for (const { from, to } of CITY.lines) expect(positions.get(from)?.x).toBeLessThan(positions.get(to)?.x ?? 0);
});

test("a frame that calls other frames and is not called stands left of them", () => {
  const boxes = ["shop/front", "shop/cart", "pay/gate", "edge"].map((id) => ({ id, namespace: id.split("/")[0] ?? "" }));
  const lines = [["shop/front", "shop/cart"], ["edge", "shop/front"], ["edge", "pay/gate"]].map(([from = "", to = ""]) => ({ from, to }));
  const { positions, frames, width } = computeLayout({ boxes, lines });
  for (const { from, to } of lines) expect(positions.get(from)?.x).toBeLessThan(positions.get(to)?.x ?? 0);
  expect(width).toBe(Math.max(...frames.map((frame) => frame.x + frame.width)));
});

test("the order in which boxes and lines come changes nothing", () => {
  const turned = { boxes: [...CITY.boxes].reverse(), lines: [...CITY.lines].reverse() };
  expect(computeLayout(turned)).toEqual(LAID);
});

test("services that call each other in a ring, themselves, or nobody have a place", () => {
  const ids = ["a", "b", "c", "self", "alone"];
  const { positions } = computeLayout({
    boxes: ids.map((id) => ({ id, namespace: "ring" })),
    lines: [["a", "b"], ["b", "c"], ["c", "a"], ["self", "self"]].map(([from = "", to = ""]) => ({ from, to })),
  });
  for (const id of ids) expect(Number.isFinite(positions.get(id)?.y)).toBe(true);
  expect(new Set([...positions.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(ids.length);
});

test("nothing has a layout too", () => {
  expect(computeLayout({ boxes: [], lines: [] })).toMatchObject({ frames: [], width: 0, height: 0 });
});
