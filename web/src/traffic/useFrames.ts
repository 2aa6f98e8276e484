// Paints when something has changed, and at every frame while something moves; never for who wants no motion.

import { useEffect, useState } from "react";

/** `paint` gets the seconds that have passed, null when nothing is to move. */
export function useFrames(paint: (time: number | null) => void, moving: boolean): void {
  const [still] = useState(() => window.matchMedia("(prefers-reduced-motion: reduce)").matches);
  const moves = moving && !still;
  useEffect(() => {
    let frame = requestAnimationFrame(function next(now: number) {
      paint(moves ? now / 1000 : null);
      if (moves) frame = requestAnimationFrame(next);
    });
    return () => {
      cancelAnimationFrame(frame);
    };
  }, [paint, moves]);
}
