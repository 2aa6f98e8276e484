// The camera over the map: the world point in the middle of the view, and the zoom. Pure.

import type { Point, Size } from "../layout/geometry.ts";

export interface Camera {
  /** The world point in the middle. */
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

const MIN_ZOOM = 0.05;
export const MAX_ZOOM = 2.5;
const MAX_FIT_ZOOM = 1.5;
const MARGIN = 24;

export function toWorld(camera: Camera, view: Size, point: Point): Point {
  return { x: camera.x + (point.x - view.width / 2) / camera.zoom, y: camera.y + (point.y - view.height / 2) / camera.zoom };
}

export function toView(camera: Camera, view: Size, point: Point): Point {
  return { x: (point.x - camera.x) * camera.zoom + view.width / 2, y: (point.y - camera.y) * camera.zoom + view.height / 2 };
}

/** Zooms by a factor around an anchor, a point of the view, which stays in place. */
export function zoomBy(camera: Camera, view: Size, factor: number, anchor: Point = { x: view.width / 2, y: view.height / 2 }): Camera {
  const zoom = Math.min(Math.max(camera.zoom * factor, MIN_ZOOM), MAX_ZOOM);
  const anchorInWorld = toWorld(camera, view, anchor);
  return { zoom, x: anchorInWorld.x - (anchor.x - view.width / 2) / zoom, y: anchorInWorld.y - (anchor.y - view.height / 2) / zoom };
}

/** Moves the camera. `delta`: in pixels of the view. */
export function panBy(camera: Camera, delta: Point): Camera {
  return { ...camera, x: camera.x + delta.x / camera.zoom, y: camera.y + delta.y / camera.zoom };
}

/** The camera that shows a whole picture. A small picture is enlarged, up to MAX_FIT_ZOOM. */
export function fitTo(picture: Size, view: Size): Camera {
  const available = { width: Math.max(view.width - 2 * MARGIN, 1), height: Math.max(view.height - 2 * MARGIN, 1) };
  const zoom = Math.min(available.width / Math.max(picture.width, 1), available.height / Math.max(picture.height, 1), MAX_FIT_ZOOM);
  return { x: picture.width / 2, y: picture.height / 2, zoom: Math.max(zoom, MIN_ZOOM) };
}

/** The camera with its middle over the picture, so that a picture which has become smaller stays in view. */
export function keepOver(camera: Camera, picture: Size): Camera {
  return { ...camera, x: Math.min(Math.max(camera.x, 0), picture.width), y: Math.min(Math.max(camera.y, 0), picture.height) };
}
