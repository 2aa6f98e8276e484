// Where a box is, and how large.

import type { Bounds } from "./patch.ts";

/** Its upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export const BOX = { width: 172, height: 40 } as const;

/** Where a box at a place is. */
export function boxBounds({ x, y }: Place): Bounds {
  return [x, y, x + BOX.width, y + BOX.height];
}
