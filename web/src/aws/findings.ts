// What `moyai doctor` finds about a service. AWS has no API for it.

import type { Target } from "./config.ts";
import { readConsole } from "./consoleApi.ts";

export interface Finding {
  readonly severity: "problem" | "warning" | "note";
  /** A word that stays the same from one version of the server to the next. */
  readonly kind: string;
  readonly message: string;
}

export async function readFindings(target: Target, service: string, signal: AbortSignal): Promise<readonly Finding[]> {
  return (await readConsole<{ findings: readonly Finding[] }>(target, "findings", { service }, signal)).findings;
}
