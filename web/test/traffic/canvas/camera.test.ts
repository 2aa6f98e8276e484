import { expect, test } from "vitest";
import { fitTo, keepOver, MAX_ZOOM, panBy, toView, toWorld, zoomBy } from "../../../src/traffic/canvas/camera.ts";

const VIEW = { width: 800, height: 600 };
const CAMERA = { x: 100, y: 50, zoom: 0.5 };

test("a point of the view is a point of the world and back", () => {
  expect(toView(CAMERA, VIEW, toWorld(CAMERA, VIEW, { x: 13, y: 17 }))).toEqual({ x: 13, y: 17 });
});

test("what is under the pointer stays there while zooming, to the limit and beyond", () => {
  const at = { x: 700, y: 20 };
  const still = toWorld(CAMERA, VIEW, at);
  for (const factor of [1.3, 0.7, 1000]) {
    const camera = zoomBy(CAMERA, VIEW, factor, at);
    expect(camera.zoom).toBeLessThanOrEqual(MAX_ZOOM);
    expect(toWorld(camera, VIEW, at).x).toBeCloseTo(still.x);
    expect(toWorld(camera, VIEW, at).y).toBeCloseTo(still.y);
  }
});

test("moving follows the pointer at any zoom", () => {
  const before = toWorld(CAMERA, VIEW, { x: 400, y: 300 });
  const after = toWorld(panBy(CAMERA, { x: -30, y: 0 }), VIEW, { x: 430, y: 300 });
  expect(after).toEqual(before);
});

test("a picture is shown whole, and a small one half as large again", () => {
  const camera = fitTo({ width: 4000, height: 900 }, VIEW);
  for (const corner of [{ x: 0, y: 0 }, { x: 4000, y: 900 }]) {
    const { x, y } = toView(camera, VIEW, corner);
    expect(x >= 0 && x <= VIEW.width && y >= 0 && y <= VIEW.height).toBe(true);
  }
  expect(fitTo({ width: 10, height: 10 }, VIEW).zoom).toBe(1.5);
});

test("a camera stays over a picture that has become smaller, at its zoom", () => {
  expect(keepOver(CAMERA, { width: 200, height: 100 })).toEqual(CAMERA);
  expect(keepOver(CAMERA, { width: 60, height: 40 })).toEqual({ x: 60, y: 40, zoom: 0.5 });
  expect(keepOver({ ...CAMERA, x: -30 }, { width: 200, height: 100 })).toEqual({ ...CAMERA, x: 0 });
});
