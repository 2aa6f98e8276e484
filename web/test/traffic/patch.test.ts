import { expect, test } from "vitest";
import { panned, toView, zoomed } from "../../src/traffic/camera.ts";
import { isFair, isSharp, patchFor, pixelsOf, placeOf, type Sight } from "../../src/traffic/patch.ts";

const PICTURE = { width: 3000, height: 900 };
const SIGHT: Sight = { camera: { x: 1500, y: 450, zoom: 0.9 }, view: { width: 800, height: 400 }, density: 1 };
const at = (camera: Sight["camera"]): Sight => ({ ...SIGHT, camera });

test("what was drawn for a sight shows it, and as far around as there is more", () => {
  const patch = patchFor(SIGHT, PICTURE);
  expect(isSharp(patch, SIGHT, PICTURE)).toBe(true);
  expect(isSharp(patch, at(panned(SIGHT.camera, { x: 190, y: -90 })), PICTURE)).toBe(true);
  expect(isSharp(patch, at(panned(SIGHT.camera, { x: 210, y: 0 })), PICTURE)).toBe(false);
});

test("a picture that is seen whole is kept whole: the camera may go anywhere", () => {
  const whole = at({ x: 1500, y: 450, zoom: 0.2 });
  const patch = patchFor(whole, PICTURE);
  for (const by of [{ x: 300, y: 0 }, { x: -700, y: 200 }, { x: 0, y: -2000 }]) {
    expect(isSharp(patch, at(panned(whole.camera, by)), PICTURE)).toBe(true);
  }
});

test("at another zoom or another density it is not sharp, but will do for a while if nothing is missing", () => {
  const patch = patchFor(SIGHT, PICTURE);
  const by = (factor: number) => at(zoomed(SIGHT.camera, SIGHT.view, factor));
  expect(isSharp(patch, by(1.01), PICTURE)).toBe(false);
  expect([0.5, 0.9, 1.5, 2].map((factor) => isFair(patch, by(factor), PICTURE))).toEqual([false, true, true, false]);
  expect(isSharp(patch, { ...SIGHT, density: 2 }, PICTURE)).toBe(false);
});

test("a point of the picture is on the screen where the camera sees it, moved or stretched", () => {
  const patch = patchFor(SIGHT, PICTURE);
  const [world, size] = [{ x: 1600, y: 500 }, pixelsOf(patch)];
  for (const camera of [SIGHT.camera, panned(SIGHT.camera, { x: 33.4, y: -8.7 }), zoomed(SIGHT.camera, SIGHT.view, 1.7)]) {
    const place = placeOf(patch, at(camera));
    const x = place.x + ((world.x - patch.of[0]) * patch.scale * place.width) / size.width;
    const y = place.y + ((world.y - patch.of[1]) * patch.scale * place.height) / size.height;
    const seen = toView(camera, SIGHT.view, world);
    expect(Math.abs(x - seen.x)).toBeLessThanOrEqual(0.5);
    expect(Math.abs(y - seen.y)).toBeLessThanOrEqual(0.5);
  }
});

test("what is not stretched lies on whole pixels", () => {
  const place = placeOf(patchFor(SIGHT, PICTURE), at(panned(SIGHT.camera, { x: 33.4, y: -8.7 })));
  expect(Object.values(place).every(Number.isInteger)).toBe(true);
});

test("a very large view is kept without what is around it", () => {
  const large: Sight = { camera: { x: 5000, y: 5000, zoom: 1 }, view: { width: 3800, height: 1600 }, density: 2 };
  expect(pixelsOf(patchFor(large, { width: 10_000, height: 10_000 }))).toEqual({ width: 7600, height: 3200 });
});
