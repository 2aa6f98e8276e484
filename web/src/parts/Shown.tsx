// What was read, or why there is nothing to see: every page shows the states of a reading in the same way.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import { faultOf } from "../aws/fault.ts";
import { useText } from "../i18n/useText.ts";
import type { Found } from "../live/useLive.ts";

/** The reading's data once there is some, with an alert above when the last attempt failed. */
export function Shown<T>({ found, children }: { found: Found<T>; children: (data: T) => ReactNode }) {
  const text = useText().app;
  if (found.status === "loading") {
    return (
      <Box padding="l" textAlign="center">
        <StatusIndicator type="loading">{text.loading}</StatusIndicator>
      </Box>
    );
  }
  if (found.status === "ready") return children(found.data);
  return (
    <SpaceBetween size="l">
      <FaultAlert error={found.error} onRetry={found.reload} />
      {found.data === undefined ? null : children(found.data)}
    </SpaceBetween>
  );
}

/** An error of the API in AWS's own words. */
export function FaultAlert({ error, onRetry, header }: { error: unknown; onRetry?: () => void; header?: string }) {
  const text = useText().app.failed;
  const fault = faultOf(error);
  return (
    <Alert
      type="error"
      header={header ?? text.title}
      action={onRetry ? <Button iconName="refresh" onClick={onRetry}>{text.retry}</Button> : undefined}
    >
      {fault.code}: {fault.message}
    </Alert>
  );
}
