// The picture's colours, light and dark. Success goes from blue over amber to vermilion, which eyes that do not tell red from
// green tell apart; a sign says the same wherever it is not good.

import type { Tone } from "./values.ts";

export const FONT = '"Open Sans", "Helvetica Neue", Roboto, Arial, sans-serif';

export interface Palette {
  readonly ground: string;
  readonly block: string;
  readonly blockEdge: string;
  readonly box: string;
  readonly boxEdge: string;
  readonly boxUnknown: string;
  readonly text: string;
  readonly faint: string;
  readonly chosen: string;
  readonly deploying: string;
  readonly label: string;
  readonly tones: Readonly<Record<Tone, string>>;
}

export const LIGHT: Palette = {
  ground: "#ffffff",
  block: "#f6f8fb",
  blockEdge: "#d5dbe4",
  box: "#ffffff",
  boxEdge: "#8c96a5",
  boxUnknown: "#eceff3",
  text: "#0f141a",
  faint: "#5a6675",
  chosen: "#002b66",
  deploying: "#8b3fc4",
  label: "#ffffff",
  tones: { good: "#2f7fbf", fair: "#c98500", bad: "#c4320a", none: "#9aa5b1" },
};

export const DARK: Palette = {
  ground: "#161d26",
  block: "#1b232d",
  blockEdge: "#333f4e",
  box: "#232f3d",
  boxEdge: "#5f6b7a",
  boxUnknown: "#1b232d",
  text: "#ebf0f5",
  faint: "#a4b1c0",
  chosen: "#ffffff",
  deploying: "#d08bff",
  label: "#161d26",
  tones: { good: "#56a8e8", fair: "#f0b429", bad: "#ff7043", none: "#6b7785" },
};
