// The status of an AWS resource, with the color and icon of a Cloudscape status indicator.

import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { useText } from "../i18n/useText.ts";

const TYPES: Readonly<Record<string, StatusIndicatorProps.Type>> = {
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
  // daemons, gateways and their routes
  DELETE_IN_PROGRESS: "in-progress",
  DELETE_FAILED: "error",
  CREATE_IN_PROGRESS: "in-progress",
  CREATE_FAILED: "error",
  UPDATE_IN_PROGRESS: "in-progress",
  UPDATE_COMPLETE: "success",
  UPDATE_FAILED: "error",
  DISASSOCIATING: "in-progress",
  // load balancers, targets
  active: "success",
  active_impaired: "warning",
  provisioning: "in-progress",
  failed: "error",
  healthy: "success",
  unhealthy: "error",
  "unhealthy.draining": "error",
  initial: "in-progress",
  draining: "in-progress",
  unused: "stopped",
  unavailable: "info",
  // alarms
  OK: "success",
  ALARM: "error",
  INSUFFICIENT_DATA: "pending",
};

/** An AWS status in sentence case: `Rollback in progress` for `ROLLBACK_IN_PROGRESS`. */
export function statusText(status: string): string {
  const words = status.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function Status({ status }: { status: string | undefined }) {
  const text = useText().parts;
  if (status === undefined) return text.none;
  const texts: Readonly<Record<string, string>> = text.status;
  return <StatusIndicator type={TYPES[status] ?? "info"} wrapText={false}>{texts[status] ?? statusText(status)}</StatusIndicator>;
}
