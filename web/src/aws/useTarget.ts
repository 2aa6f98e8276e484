import { createContext, useContext } from "react";
import type { Target } from "./config.ts";

export const TargetContext = createContext<Target | null>(null);

/** The target of this page's API requests. */
export function useTarget(): Target {
  const target = useContext(TargetContext);
  if (!target) throw new Error("useTarget needs a SessionGate");
  return target;
}
