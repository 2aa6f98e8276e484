import { expect, test } from "vitest";
import { panBy, toView, zoomBy } from "../../../src/traffic/canvas/camera.ts";
import { isAcceptable, isSharp, tileFor, tileSize, screenRect, type Viewport } from "../../../src/traffic/canvas/tile.ts";

const PICTURE = { width: 3000, height: 900 };
const VIEWPORT: Viewport = { camera: { x: 1500, y: 450, zoom: 0.9 }, view: { width: 800, height: 400 }, pixelRatio: 1 };
const at = (camera: Viewport["camera"]): Viewport => ({ ...VIEWPORT, camera });

test("what was drawn for a sight shows it, and as far around as there is more", () => {
  const tile = tileFor(VIEWPORT, PICTURE);
  expect(isSharp(tile, VIEWPORT, PICTURE)).toBe(true);
  expect(isSharp(tile, at(panBy(VIEWPORT.camera, { x: 190, y: -90 })), PICTURE)).toBe(true);
  expect(isSharp(tile, at(panBy(VIEWPORT.camera, { x: 210, y: 0 })), PICTURE)).toBe(false);
});

test("a picture that is seen whole is kept whole: the camera may go anywhere", () => {
  const whole = at({ x: 1500, y: 450, zoom: 0.2 });
  const tile = tileFor(whole, PICTURE);
  for (const by of [{ x: 300, y: 0 }, { x: -700, y: 200 }, { x: 0, y: -2000 }]) {
    expect(isSharp(tile, at(panBy(whole.camera, by)), PICTURE)).toBe(true);
  }
});

test("at another zoom or another pixelRatio it is not sharp, but will do for a while if nothing is missing", () => {
  const tile = tileFor(VIEWPORT, PICTURE);
  const by = (factor: number) => at(zoomBy(VIEWPORT.camera, VIEWPORT.view, factor));
  expect(isSharp(tile, by(1.01), PICTURE)).toBe(false);
  expect([0.5, 0.9, 1.5, 2].map((factor) => isAcceptable(tile, by(factor), PICTURE))).toEqual([false, true, true, false]);
  expect(isSharp(tile, { ...VIEWPORT, pixelRatio: 2 }, PICTURE)).toBe(false);
});

test("a point of the picture is on the screen where the camera sees it, moved or stretched", () => {
  const tile = tileFor(VIEWPORT, PICTURE);
  const [world, size] = [{ x: 1600, y: 500 }, tileSize(tile)];
  for (const camera of [VIEWPORT.camera, panBy(VIEWPORT.camera, { x: 33.4, y: -8.7 }), zoomBy(VIEWPORT.camera, VIEWPORT.view, 1.7)]) {
    const place = screenRect(tile, at(camera));
    const x = place.x + ((world.x - tile.bounds[0]) * tile.scale * place.width) / size.width;
    const y = place.y + ((world.y - tile.bounds[1]) * tile.scale * place.height) / size.height;
    const seen = toView(camera, VIEWPORT.view, world);
    expect(Math.abs(x - seen.x)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y - seen.y)).toBeLessThanOrEqual(0.5);
  }
});

test("what is not stretched lies on whole pixels", () => {
  const place = screenRect(tileFor(VIEWPORT, PICTURE), at(panBy(VIEWPORT.camera, { x: 33.4, y: -8.7 })));
  expect(Object.values(place).every(Number.isInteger)).toBe(true);
});

test("a very large view is kept without what is around it", () => {
  const large: Viewport = { camera: { x: 5000, y: 5000, zoom: 1 }, view: { width: 3800, height: 1600 }, pixelRatio: 2 };
  expect(tileSize(tileFor(large, { width: 10_000, height: 10_000 }))).toEqual({ width: 7600, height: 3200 });
});
