// what a browser has and happy-dom lacks, and how long a page may take to show something on a machine that is busy.

import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

configure({
  asyncUtilTimeout: 10_000,
  defaultHidden: true, // whether each element is hidden is asked of the style sheets, which are left out, and takes long
  getElementError: (message, container) => new Error(`${message ?? ""}\nThe page says: ${container.textContent}`),
});
afterEach(cleanup);

Object.defineProperty(window, "matchMedia", {
  value: (query: string) => ({ matches: false, media: query, addEventListener: () => undefined, removeEventListener: () => undefined }),
});
