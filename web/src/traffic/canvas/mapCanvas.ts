// The map's canvas. A frame copies a tile, which a worker has drawn, and adds the particles. A frame is painted only when it
// would differ from the previous one, and never while the page is hidden. While the camera moves, the tile is moved and
// stretched with it; when the camera rests, a sharp tile is drawn.

import type { Point, Size } from "../layout/geometry.ts";
import { type Camera, fitTo, keepOver, toWorld } from "./camera.ts";
import { type DrawRequest, type DrawResult, type DrawWorker, type Picture, startDrawWorker } from "./drawWorker.ts";
import { drawParticles, isAnimated, particlesAt, type ParticleTrack, particleTracks } from "./particles.ts";
import { hitTest, type SceneItem } from "./scene.ts";
import { isAcceptable, isSharp, screenRect, tileFor, type Viewport } from "./tile.ts";

const HIT_TOLERANCE = 7; // pixels between a pointer and a line
const REST_DELAY = 120; // ms without a move, after which the camera rests
const MAX_PIXEL_RATIO = 2; // a higher one makes no visible difference

interface DrawnTile extends DrawRequest, DrawResult {
  readonly tracks: readonly ParticleTrack[];
}

export class MapCanvas {
  #picture: Picture | null = null;
  #view: Size = { width: 0, height: 0 };
  #camera: Camera | null = null;
  #isFitted = true; // until the user moves the camera
  #request: DrawRequest | null = null;
  #drawn: DrawnTile | null = null;
  #frame: number | null = null;
  #restTimer: ReturnType<typeof setTimeout> | null = null;
  readonly #worker: DrawWorker;
  readonly #closed = new AbortController();
  readonly #reducedMotion = window.matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    onFailed: () => void,
    startWorker: typeof startDrawWorker = startDrawWorker,
  ) {
    this.#worker = startWorker(
      (result) => { this.#receive(result); },
      () => { if (!this.#closed.signal.aborted) onFailed(); },
    );
    document.addEventListener("visibilitychange", () => { this.#schedulePaint(); }, { signal: this.#closed.signal });
  }

  close(): void {
    this.#closed.abort();
    this.#worker.close();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    if (this.#restTimer !== null) clearTimeout(this.#restTimer);
    this.#drawn?.pixels.close();
  }

  /** Shows a picture. A camera that the user has moved stays; otherwise the whole picture is visible. */
  show(picture: Picture): void {
    this.#picture = picture;
    this.#adapt();
  }

  /** Adapts to a new size of the canvas, in CSS pixels. */
  resize(view: Size): void {
    this.#view = view;
    this.#adapt();
  }

  /** Moves the camera so that the whole picture is in view. */
  fit(): void {
    this.#isFitted = true;
    this.#adapt();
  }

  #adapt(): void {
    const [picture, camera] = [this.#picture, this.#camera];
    if (picture) this.#camera = camera === null || this.#isFitted ? fitTo(picture.scene, this.#view) : keepOver(camera, picture.scene);
    this.#schedulePaint();
  }

  moveCamera(change: (camera: Camera, view: Size) => Camera): void {
    if (!this.#camera) return;
    this.#isFitted = false;
    this.#camera = change(this.#camera, this.#view);
    if (this.#restTimer !== null) clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      this.#restTimer = null;
      this.#schedulePaint();
    }, REST_DELAY);
    this.#schedulePaint();
  }

  /** The box or line at a point of the view. */
  itemAt(point: Point): SceneItem | null {
    const [picture, camera] = [this.#picture, this.#camera];
    return picture && camera && hitTest(picture.scene, toWorld(camera, this.#view, point), HIT_TOLERANCE / camera.zoom);
  }

  #schedulePaint(): void {
    if (document.hidden || this.#frame !== null) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = null;
      if (!document.hidden) this.#paint(now / 1000);
    });
  }

  #paint(seconds: number): void {
    const [picture, camera, view] = [this.#picture, this.#camera, this.#view];
    if (!picture || !camera || view.width === 0 || view.height === 0) return;
    const viewport = { camera, view, pixelRatio: Math.min(window.devicePixelRatio || 1, MAX_PIXEL_RATIO) };
    this.#requestTile(picture, viewport);
    const ctx = this.canvas.getContext("2d", { alpha: false });
    if (!ctx || !this.#drawn) return;
    this.#copyTile(ctx, this.#drawn, viewport);
    if (this.#reducedMotion.matches || !isAnimated(this.#drawn.tracks, camera.zoom)) return;
    drawParticles(ctx, particlesAt(this.#drawn.tracks, seconds, viewport), picture.palette);
    this.#schedulePaint();
  }

  /** Requests a tile for the viewport, unless the current one is good enough or a request is in progress; its result triggers the next check. */
  #requestTile(picture: Picture, viewport: Viewport): void {
    const isGoodEnough = this.#restTimer === null ? isSharp : isAcceptable;
    const isDrawn = this.#drawn?.picture === picture && isGoodEnough(this.#drawn.tile, viewport, picture.scene);
    if (isDrawn || this.#request) return;
    this.#request = { picture, tile: tileFor(viewport, picture.scene), pixelRatio: viewport.pixelRatio };
    this.#worker.draw(this.#request);
  }

  #receive(result: DrawResult): void {
    if (!this.#request || this.#closed.signal.aborted) return;
    const { picture } = this.#request;
    this.#drawn?.pixels.close();
    this.#drawn = { ...this.#request, ...result, tracks: particleTracks(picture.scene, picture.highlight, result.labels) };
    this.#request = null;
    this.#schedulePaint();
  }

  #copyTile(ctx: CanvasRenderingContext2D, { picture, tile, pixels }: DrawnTile, viewport: Viewport): void {
    const [width, height] = [Math.round(viewport.view.width * viewport.pixelRatio), Math.round(viewport.view.height * viewport.pixelRatio)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    ctx.fillStyle = picture.palette.background;
    ctx.fillRect(0, 0, width, height);
    const rect = screenRect(tile, viewport);
    ctx.drawImage(pixels, rect.x, rect.y, rect.width, rect.height);
    this.canvas.dataset.lines = String(picture.scene.lines.length);
  }
}
