import type { Text } from "../../i18n/catalog.ts";
import { type Workload, workloadName } from "../../traffic/model/mesh.ts";

/** The name of a workload for display. Callers outside have no name, so they have the text for their kind. */
export function workloadLabel(workload: Workload, text: Text["traffic"]): string {
  return workload.kind === "outside" ? text.kinds.outside : workloadName(workload);
}
