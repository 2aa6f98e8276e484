// The style of a drawing: the inputs besides the scene. It is a plain value, which is sent to the worker.

import type { GraphBox } from "../model/graph.ts";
import type { Palette } from "./palette.ts";
import type { Highlight, SceneItem } from "./scene.ts";

export const FONT = '"Open Sans", "Helvetica Neue", Roboto, Arial, sans-serif';

/** The signs after a success rate, for those who do not see the color. */
export const TONE_SIGNS = { good: "", none: "", fair: " !", bad: " !!" } as const;

export type DrawContext = OffscreenCanvasRenderingContext2D;

export interface MapTexts {
  /** The titles of frames that do not stand for a namespace, by id. */
  readonly frames: Readonly<Record<string, string>>;
  /** The names of boxes without a name, by kind. */
  readonly names: Readonly<Partial<Record<GraphBox["kind"], string>>>;
  /** Subtitles that name the kind of a box. */
  readonly kinds: Readonly<Partial<Record<GraphBox["kind"], string>>>;
  readonly locale: string;
}

export interface DrawStyle {
  readonly palette: Palette;
  readonly texts: MapTexts;
  /** Null: nothing stands out. */
  readonly highlight: Highlight | null;
  readonly selected: SceneItem | null;
}

export interface ZoomedStyle extends DrawStyle {
  readonly zoom: number;
}
