// Renders the states of a live query, in the same way on every page.

import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { ReactNode } from "react";
import { formatApiError, toApiError } from "../aws/apiError.ts";
import { useText } from "../i18n/useText.ts";
import type { LiveQuery } from "../live/useLive.ts";

/** The content for the query's data, below an alert if the last read failed. */
export function QueryContent<T>({ query, children }: { query: LiveQuery<T>; children: (data: T) => ReactNode }) {
  const text = useText().app;
  if (query.status === "loading") {
    return (
      <Box padding="l" textAlign="center">
        <StatusIndicator type="loading">{text.loading}</StatusIndicator>
      </Box>
    );
  }
  if (query.status === "ready") return children(query.data);
  return (
    <SpaceBetween size="l">
      <ErrorAlert error={query.error} onRetry={query.reload} />
      {query.data === undefined ? null : children(query.data)}
    </SpaceBetween>
  );
}

/** An error of the API with its code and message. */
export function ErrorAlert({ error, onRetry, header }: { error: unknown; onRetry?: () => void; header?: string }) {
  const text = useText().app.failed;
  return (
    <Alert
      type="error"
      header={header ?? text.title}
      action={onRetry ? <Button iconName="refresh" onClick={onRetry}>{text.retry}</Button> : undefined}
    >
      {formatApiError(toApiError(error))}
    </Alert>
  );
}
