import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useText } from "../../i18n/useText.ts";

/**
 * The state of a stack, a resource or a change set. AWS's console shows the name itself, which people search for; the color
 * follows from its end, and from whether it tells of a way back.
 */
export function StackState({ status }: { status: string | undefined }) {
  const none = useText().parts.none;
  return status === undefined ? none : <StatusIndicator type={typeOf(status)} wrapText={false}>{status}</StatusIndicator>;
}

function typeOf(status: string): StatusIndicatorProps.Type {
  if (status.endsWith("FAILED")) return "error";
  if (status.endsWith("IN_PROGRESS")) return status.includes("ROLLBACK") ? "warning" : "in-progress";
  if (status.includes("ROLLBACK")) return "warning";
  return status.startsWith("DELETE") || status === "OBSOLETE" || status === "UNAVAILABLE" ? "stopped" : "success";
}
