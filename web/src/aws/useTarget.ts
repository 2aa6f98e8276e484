import { createContext, useContext } from "react";
import type { Target } from "./config.ts";

export const TargetContext = createContext<Target | null>(null);

/** Where this page's requests go. */
export function useTarget(): Target {
  const target = useContext(TargetContext);
  if (!target) throw new Error("a page reads below the session");
  return target;
}
