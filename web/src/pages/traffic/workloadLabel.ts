import type { Text } from "../../i18n/catalog.ts";
import { type Workload, workloadName } from "../../traffic/model/mesh.ts";

/** The name of a workload as pages show it. Callers outside have none of their own. */
export function workloadLabel(workload: Workload, text: Text["traffic"]): string {
  return workload.kind === "outside" ? text.kinds.outside : workloadName(workload);
}
