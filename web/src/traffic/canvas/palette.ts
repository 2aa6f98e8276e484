// The colors of the map. Success rates go from blue over amber to vermilion, which people with red-green color blindness can
// tell apart; signs show the same.

import type { Tone } from "../model/mesh.ts";

export interface Palette {
  readonly background: string;
  readonly frame: string;
  readonly frameBorder: string;
  readonly box: string;
  readonly boxBorder: string;
  readonly unknownBox: string;
  readonly text: string;
  readonly secondaryText: string;
  readonly selected: string;
  readonly deploying: string;
  readonly tones: Readonly<Record<Tone, string>>;
  /** Of texts and marks in boxes, which are small. */
  readonly boxTones: Readonly<Record<Tone, string>>;
}

export const LIGHT: Palette = {
  background: "#ffffff",
  frame: "#f6f8fb",
  frameBorder: "#d5dbe4",
  box: "#ffffff",
  boxBorder: "#8c96a5",
  unknownBox: "#eceff3",
  text: "#0f141a",
  secondaryText: "#5a6675",
  selected: "#002b66",
  deploying: "#8b3fc4",
  tones: { good: "#2f7fbf", fair: "#c98500", bad: "#c4320a", none: "#9aa5b1" },
  boxTones: { good: "#2f7fbf", fair: "#8f6200", bad: "#992200", none: "#9aa5b1" },
};

export const DARK: Palette = {
  background: "#161d26",
  frame: "#1b232d",
  frameBorder: "#333f4e",
  box: "#232f3d",
  boxBorder: "#5f6b7a",
  unknownBox: "#1b232d",
  text: "#ebf0f5",
  secondaryText: "#a4b1c0",
  selected: "#ffffff",
  deploying: "#d08bff",
  tones: { good: "#56a8e8", fair: "#f0b429", bad: "#ff7043", none: "#6b7785" },
  boxTones: { good: "#56a8e8", fair: "#f5c860", bad: "#ff9a78", none: "#6b7785" },
};
