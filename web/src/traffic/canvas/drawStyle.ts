// The style of a drawing: the inputs besides the scene. It is a plain value, which is sent to the worker.

import type { GraphBox } from "../model/graph.ts";
import type { Palette } from "./palette.ts";
import type { Highlight, SceneItem } from "./scene.ts";

export const FONT = '"Open Sans", "Helvetica Neue", Roboto, Arial, sans-serif';

export type DrawContext = OffscreenCanvasRenderingContext2D;

export interface MapTexts {
  /** Titles of the frames that are no namespace, by id. */
  readonly frames: Readonly<Record<string, string>>;
  /** Names of boxes that have none of their own, by kind. */
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
