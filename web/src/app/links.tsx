// Links within the console. They are ordinary URLs, which can be copied and opened in a new tab, but a click navigates without
// a page load.

import { type MouseEvent, type ReactNode, useCallback } from "react";
import { useNavigate } from "react-router";

export const BASE = "/console";

/** The URL path for a path of `paths`. */
export function href(path: string): string {
  return BASE + path;
}

/** Navigates on clicks on all links below it that lead into the console. */
export function LinkInterceptor({ children }: { children: ReactNode }) {
  const navigate = useNavigate();
  const onClick = useCallback(
    (event: MouseEvent) => {
      const path = consolePath(event);
      if (path === null) return;
      event.preventDefault();
      void navigate(path);
    },
    [navigate],
  );
  // The keyboard reaches links as clicks, so the element itself needs no role.
  return <div onClick={onClick}>{children}</div>;
}

/** The path of the clicked link; null unless a plain click on a link into the console. */
function consolePath(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target === "_blank" || link.hasAttribute("download")) return null;
  if (link.origin !== window.location.origin || !link.pathname.startsWith(`${BASE}/`)) return null;
  return link.pathname.slice(BASE.length) + link.search + link.hash;
}
