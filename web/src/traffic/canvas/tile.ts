// A tile: a part of the map that is kept as pixels, and where they go on the screen after the camera has moved. Pure.

import type { Bounds, Size } from "../layout/geometry.ts";
import { type Camera, toView, toWorld } from "./camera.ts";

export interface Tile {
  /** The part of the world that it shows. */
  readonly bounds: Bounds;
  /** Device pixels per world unit. */
  readonly scale: number;
}

export interface Viewport {
  readonly camera: Camera;
  /** CSS pixels. */
  readonly view: Size;
  /** Device pixels per CSS pixel. */
  readonly pixelRatio: number;
}

/** Device pixels. */
export interface ScreenRect extends Size {
  readonly x: number;
  readonly y: number;
}

const OVERSCAN = 0.25; // of the view, on each side, so that a small pan needs no new tile
const BORDER = 160; // world units around all boxes, for backward lines and labels
const MAX_STRETCH = 1.6; // of a tile while the camera moves
const MAX_PIXELS = 12_000_000; // 48 MB; a larger tile has no overscan

/** The tile for a viewport: the view with overscan, limited to the picture. */
export function tileFor(viewport: Viewport, picture: Size): Tile {
  const { camera, view, pixelRatio } = viewport;
  const overscan = view.width * view.height * (pixelRatio * (1 + 2 * OVERSCAN)) ** 2 > MAX_PIXELS ? 0 : OVERSCAN;
  const [left, top, right, bottom] = visibleBounds(viewport);
  const [dx, dy] = [(right - left) * overscan, (bottom - top) * overscan];
  return { bounds: intersection([left - dx, top - dy, right + dx, bottom + dy], pictureBounds(picture)), scale: camera.zoom * pixelRatio };
}

/** Whether the tile covers the view, pixel by pixel. */
export function isSharp(tile: Tile, viewport: Viewport, picture: Size): boolean {
  return stretchOf(tile, viewport) === 1 && covers(tile, viewport, picture);
}

/** Whether the tile is good enough while the camera moves: it covers the view and is stretched only a little. */
export function isAcceptable(tile: Tile, viewport: Viewport, picture: Size): boolean {
  const stretch = stretchOf(tile, viewport);
  return stretch <= MAX_STRETCH && stretch >= 1 / MAX_STRETCH && covers(tile, viewport, picture);
}

function covers({ bounds }: Tile, viewport: Viewport, picture: Size): boolean {
  const [left, top, right, bottom] = intersection(visibleBounds(viewport), pictureBounds(picture));
  const isEmpty = left >= right || top >= bottom;
  return isEmpty || (left >= bounds[0] && top >= bounds[1] && right <= bounds[2] && bottom <= bounds[3]);
}

function stretchOf(tile: Tile, { camera, pixelRatio }: Viewport): number {
  return (camera.zoom * pixelRatio) / tile.scale;
}

/** Device pixels. */
export function tileSize({ bounds: [left, top, right, bottom], scale }: Tile): Size {
  return { width: Math.max(Math.ceil((right - left) * scale), 1), height: Math.max(Math.ceil((bottom - top) * scale), 1) };
}

/** Where the tile goes. Unless it is stretched, it is on whole pixels, so that copying keeps it sharp. */
export function screenRect(tile: Tile, viewport: Viewport): ScreenRect {
  const { camera, view, pixelRatio } = viewport;
  const { x, y } = toView(camera, view, { x: tile.bounds[0], y: tile.bounds[1] });
  const { width, height } = tileSize(tile);
  const stretch = stretchOf(tile, viewport);
  if (stretch === 1) return { x: Math.round(x * pixelRatio), y: Math.round(y * pixelRatio), width, height };
  return { x: x * pixelRatio, y: y * pixelRatio, width: width * stretch, height: height * stretch };
}

function visibleBounds({ camera, view }: Viewport): Bounds {
  const [from, to] = [toWorld(camera, view, { x: 0, y: 0 }), toWorld(camera, view, { x: view.width, y: view.height })];
  return [from.x, from.y, to.x, to.y];
}

function pictureBounds({ width, height }: Size): Bounds {
  return [-BORDER, -BORDER, width + BORDER, height + BORDER];
}

function intersection(a: Bounds, b: Bounds): Bounds {
  return [Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])];
}
