// The map on its canvas. Most of it is pixels that were drawn beside the page; a frame copies them and adds what moves. A frame
// is painted when there is something else to see than before, and else not: none while all stands still, none while nobody
// can see it. While the camera moves, the pixels move and stretch with it; once it rests, finer ones are drawn.

import { type Artist, type Drawing, hireArtist, type Order, type Picture } from "./artist.ts";
import { type Camera, fitted, type Point, type Size, toWorld } from "./camera.ts";
import { isFair, isSharp, patchFor, placeOf, type Sight } from "./patch.ts";
import { hit, type Hit } from "./scene.ts";
import { drawSparks, isMoving, sparksAt, type Track, tracksOf } from "./sparks.ts";

const NEAR = 7; // pixels between a pointer and the line that it means
const REST = 120; // ms without a move
const DENSEST = 2; // pixels of the screen for one of the page: more can't be told apart, and cost

interface Shown extends Order, Drawing {
  readonly tracks: readonly Track[];
}

export class Stage {
  #picture: Picture | null = null;
  #view: Size = { width: 0, height: 0 };
  #camera: Camera | null = null;
  #ordered: Order | null = null;
  #shown: Shown | null = null;
  #frame: number | null = null;
  #rest: ReturnType<typeof setTimeout> | null = null;
  readonly #artist: Artist;
  readonly #ended = new AbortController();
  readonly #calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  constructor(
    private readonly canvas: HTMLCanvasElement,
    onFailed: () => void,
    hire: typeof hireArtist = hireArtist,
  ) {
    this.#artist = hire(
      (drawing) => { this.#receive(drawing); },
      () => { if (!this.#ended.signal.aborted) onFailed(); },
    );
    document.addEventListener("visibilitychange", () => { this.#paintSoon(); }, { signal: this.#ended.signal });
  }

  close(): void {
    this.#ended.abort();
    this.#artist.close();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#shown?.pixels.close();
  }

  /** Show another picture, or the same with other figures; then the camera stays. */
  show(picture: Picture): void {
    const before = this.#picture?.scene;
    this.#picture = picture;
    if (before?.width !== picture.scene.width || before.height !== picture.scene.height) this.fit();
    else this.#paintSoon();
  }

  /** The canvas has another size. */
  resize(view: Size): void {
    this.#view = view;
    this.fit();
  }

  /** See all of it. */
  fit(): void {
    this.#camera = this.#picture && fitted(this.#picture.scene, this.#view);
    this.#paintSoon();
  }

  /** Look elsewhere. */
  move(change: (camera: Camera, view: Size) => Camera): void {
    if (!this.#camera) return;
    this.#camera = change(this.#camera, this.#view);
    if (this.#rest !== null) clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#rest = null;
      this.#paintSoon();
    }, REST);
    this.#paintSoon();
  }

  /** What is at a point of the view. */
  hit(point: Point): Hit | null {
    const [picture, camera] = [this.#picture, this.#camera];
    return picture && camera && hit(picture.scene, toWorld(camera, this.#view, point), NEAR / camera.zoom);
  }

  #paintSoon(): void {
    if (document.hidden || this.#frame !== null) return;
    this.#frame = requestAnimationFrame((now) => {
      this.#frame = null;
      if (!document.hidden) this.#paint(now / 1000);
    });
  }

  #paint(seconds: number): void {
    const [picture, camera, view] = [this.#picture, this.#camera, this.#view];
    if (!picture || !camera || view.width === 0 || view.height === 0) return;
    const sight = { camera, view, density: Math.min(window.devicePixelRatio || 1, DENSEST) };
    this.#order(picture, sight);
    const ctx = this.canvas.getContext("2d", { alpha: false });
    if (!ctx || !this.#shown) return;
    this.#copy(ctx, this.#shown, sight);
    if (this.#calm.matches || !isMoving(this.#shown.tracks, camera.zoom)) return;
    drawSparks(ctx, sparksAt(this.#shown.tracks, seconds, sight), picture.palette);
    this.#paintSoon();
  }

  /** Have drawn what is to be seen, unless it is there or on its way; then the frame after that one asks again. */
  #order(picture: Picture, sight: Sight): void {
    const isEnough = this.#rest === null ? isSharp : isFair;
    const isThere = this.#shown?.picture === picture && isEnough(this.#shown.patch, sight, picture.scene);
    if (isThere || this.#ordered) return;
    this.#ordered = { picture, patch: patchFor(sight, picture.scene), density: sight.density };
    this.#artist.draw(this.#ordered);
  }

  #receive(drawing: Drawing): void {
    if (!this.#ordered || this.#ended.signal.aborted) return;
    const { picture } = this.#ordered;
    this.#shown?.pixels.close();
    this.#shown = { ...this.#ordered, ...drawing, tracks: tracksOf(picture.scene, picture.lit, drawing.words) };
    this.#ordered = null;
    this.#paintSoon();
  }

  #copy(ctx: CanvasRenderingContext2D, { picture, patch, pixels }: Shown, sight: Sight): void {
    const [width, height] = [Math.round(sight.view.width * sight.density), Math.round(sight.view.height * sight.density)];
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    ctx.fillStyle = picture.palette.ground;
    ctx.fillRect(0, 0, width, height);
    const place = placeOf(patch, sight);
    ctx.drawImage(pixels, place.x, place.y, place.width, place.height);
    this.canvas.dataset.lines = String(picture.scene.lines.length);
  }
}
