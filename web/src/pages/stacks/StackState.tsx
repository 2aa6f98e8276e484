import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useText } from "../../i18n/useText.ts";

/**
 * The status of a stack, a resource or a change set. Like AWS's console, it shows the untranslated status, which people search
 * for. The color follows from the end of the status, and is a warning for a rollback.
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
