// Links inside the console: real addresses, so that they open in a new tab and can be copied, followed without loading the
// page anew.

import { type MouseEvent, type ReactNode, useCallback } from "react";
import { useNavigate } from "react-router";

export const BASE = "/console";

/** The address of a path of `paths`, as it stands in the browser. */
export function href(path: string): string {
  return BASE + path;
}

/** Follows every link below it that leads into the console, whatever component made it. */
export function Followed({ children }: { children: ReactNode }) {
  const navigate = useNavigate();
  const follow = useCallback(
    (event: MouseEvent) => {
      const path = innerPath(event);
      if (path === null) return;
      event.preventDefault();
      void navigate(path);
    },
    [navigate],
  );
  // Keys reach a link as clicks, so this is no control of its own.
  return <div onClick={follow}>{children}</div>;
}

function innerPath(event: MouseEvent): string | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.target === "_blank" || link.hasAttribute("download")) return null;
  if (link.origin !== window.location.origin || !link.pathname.startsWith(`${BASE}/`)) return null;
  return link.pathname.slice(BASE.length) + link.search + link.hash;
}
