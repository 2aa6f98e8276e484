import { expect, test } from "vitest";
import { layoutOf, type Shape } from "../../src/traffic/layout.ts";
import { BOX } from "../../src/traffic/place.ts";

const [BLOCKS, TIERS, WIDE] = [2, 5, 6];

/** Services in namespaces and tiers, each calling some of the tiers below; the same each time. */
function city(): Shape {
  const boxes = [];
  const lines = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    for (let place = 0; place < TIERS * WIDE; place += 1) {
      boxes.push({ id: `b${block}/s${place}`, block: `b${block}` });
      const below = (Math.floor(place / WIDE) + 1) * WIDE;
      for (const far of [place % 3, place % 5, WIDE + (place % 4)]) {
        if (below + far < TIERS * WIDE) lines.push({ from: `b${block}/s${place}`, to: `b${block}/s${below + far}` });
      }
    }
  }
  return { boxes, lines };
}

const CITY = city();
const LAID = layoutOf(CITY);

test("no two boxes overlap, and each is in its block's frame", () => {
  const { places, blocks } = LAID;
  const all = [...places.values()];
  for (const [n, a] of all.entries()) {
    for (const b of all.slice(n + 1)) {
      expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
    }
  }
  for (const { id, block } of CITY.boxes) {
    const [place, frame] = [places.get(id), blocks.find((one) => one.id === block)];
    expect(place && frame).toBeTruthy();
    if (!place || !frame) continue;
    expect(place.x).toBeGreaterThan(frame.x);
    expect(place.y).toBeGreaterThan(frame.y);
    expect(place.x + BOX.width).toBeLessThan(frame.x + frame.width);
    expect(place.y + BOX.height).toBeLessThan(frame.y + frame.height);
  }
});

test("callers stand left of what they call, where nobody calls back", () => {
  const { places } = LAID;
  for (const { from, to } of CITY.lines) expect(places.get(from)?.x).toBeLessThan(places.get(to)?.x ?? 0);
});

test("the order in which boxes and lines come changes nothing", () => {
  const turned = { boxes: [...CITY.boxes].reverse(), lines: [...CITY.lines].reverse() };
  expect(layoutOf(turned)).toEqual(LAID);
});

test("services that call each other in a ring, themselves, or nobody have a place", () => {
  const ids = ["a", "b", "c", "self", "alone"];
  const { places } = layoutOf({
    boxes: ids.map((id) => ({ id, block: "ring" })),
    lines: [["a", "b"], ["b", "c"], ["c", "a"], ["self", "self"]].map(([from = "", to = ""]) => ({ from, to })),
  });
  for (const id of ids) expect(Number.isFinite(places.get(id)?.y)).toBe(true);
  expect(new Set([...places.values()].map(({ x, y }) => `${x} ${y}`)).size).toBe(ids.length);
});

test("nothing has a layout too", () => {
  expect(layoutOf({ boxes: [], lines: [] })).toMatchObject({ blocks: [], width: 0, height: 0 });
});
