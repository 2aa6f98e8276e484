// What of the picture is seen: a point of it in the middle of the view, and how large. Pure.

export interface Camera {
  /** The point in the middle. */
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export const LEAST_ZOOM = 0.05;
export const MOST_ZOOM = 2.5;
const MARGIN = 24;

export function toWorld(camera: Camera, view: Size, at: Point): Point {
  return { x: camera.x + (at.x - view.width / 2) / camera.zoom, y: camera.y + (at.y - view.height / 2) / camera.zoom };
}

export function toView(camera: Camera, view: Size, at: Point): Point {
  return { x: (at.x - camera.x) * camera.zoom + view.width / 2, y: (at.y - camera.y) * camera.zoom + view.height / 2 };
}

/** Nearer by a factor; what is at `at` (of the view) stays there. */
export function zoomed(camera: Camera, view: Size, factor: number, at: Point = { x: view.width / 2, y: view.height / 2 }): Camera {
  const zoom = Math.min(Math.max(camera.zoom * factor, LEAST_ZOOM), MOST_ZOOM);
  const still = toWorld(camera, view, at);
  return { zoom, x: still.x - (at.x - view.width / 2) / zoom, y: still.y - (at.y - view.height / 2) / zoom };
}

/** Moved by so many pixels of the view. */
export function panned(camera: Camera, by: Point): Camera {
  return { ...camera, x: camera.x + by.x / camera.zoom, y: camera.y + by.y / camera.zoom };
}

/** All of a picture, not larger than life. */
export function fitted(picture: Size, view: Size): Camera {
  const room = { width: Math.max(view.width - 2 * MARGIN, 1), height: Math.max(view.height - 2 * MARGIN, 1) };
  const zoom = Math.min(room.width / Math.max(picture.width, 1), room.height / Math.max(picture.height, 1), 1);
  return { x: picture.width / 2, y: picture.height / 2, zoom: Math.max(zoom, LEAST_ZOOM) };
}

/** Part of the way from one to the other, from 0 to 1. */
export function between(from: Camera, to: Camera, part: number): Camera {
  const mix = (a: number, b: number) => a + (b - a) * part;
  return { x: mix(from.x, to.x), y: mix(from.y, to.y), zoom: mix(from.zoom, to.zoom) };
}
