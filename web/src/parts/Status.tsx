// States of AWS's resources, with the colour and sign that Cloudscape has for what they mean. AWS's own word stays.

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useText } from "../i18n/useText.ts";

type Kind = StatusIndicatorProps.Type;

const KINDS: Readonly<Record<string, Kind>> = {
  // clusters, services
  ACTIVE: "success",
  DRAINING: "in-progress",
  INACTIVE: "stopped",
  PROVISIONING: "in-progress",
  DEPROVISIONING: "in-progress",
  FAILED: "error",
  // tasks, containers
  PENDING: "pending",
  ACTIVATING: "in-progress",
  RUNNING: "success",
  DEACTIVATING: "in-progress",
  STOPPING: "in-progress",
  STOPPED: "stopped",
  DELETED: "stopped",
  ATTACHED: "success",
  HEALTHY: "success",
  UNHEALTHY: "error",
  UNKNOWN: "pending",
  // deployments
  IN_PROGRESS: "in-progress",
  COMPLETED: "success",
  SUCCESSFUL: "success",
  STOP_REQUESTED: "in-progress",
  ROLLBACK_REQUESTED: "warning",
  ROLLBACK_IN_PROGRESS: "warning",
  ROLLBACK_SUCCESSFUL: "warning",
  ROLLBACK_FAILED: "error",
  // hooks
  AWAITING_ACTION: "pending",
  SUCCEEDED: "success",
  TIMED_OUT: "error",
};

/** `ROLLBACK_IN_PROGRESS` as words: `Rollback in progress`. */
export function worded(status: string): string {
  const words = status.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function Status({ of }: { of: string | undefined }) {
  const text = useText().parts;
  if (of === undefined) return text.none;
  const words: Readonly<Record<string, string>> = text.status;
  return <StatusIndicator type={KINDS[of] ?? "info"}>{words[of] ?? worded(of)}</StatusIndicator>;
}
