// Browser APIs that happy-dom lacks, and timeouts for a busy machine.

import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

configure({
  asyncUtilTimeout: 60_000,
  defaultHidden: true, // computing whether an element is hidden is slow, and pointless without style sheets
  getElementError: (message, container) => new Error(`${message ?? ""}\nThe page says: ${container.textContent}`),
});
afterEach(() => {
  cleanup();
  window.localStorage.clear(); // files share a window: a language that one chooses would be the next one's
});

Object.defineProperty(window, "matchMedia", {
  value: (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }),
});
