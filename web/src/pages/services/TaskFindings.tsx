import type { Service } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { useFindings } from "../../live/queries.ts";
import { ErrorAlert } from "../../parts/QueryContent.tsx";
import { clusterNameOf } from "./summary.ts";

/** What is wrong with tasks that run, as `moyai doctor` finds it, and what to do next; nothing where nothing is. */
export function TaskFindings({ service }: { service: Service }) {
  const text = useText().services.findings;
  const query = useFindings(clusterNameOf(service), service.serviceArn ?? "");
  if (query.status === "failed") return <ErrorAlert error={query.error} onRetry={query.reload} />;
  return (query.data ?? []).map(({ kind, message, severity }) => {
    const known = kind === "not-listening" || kind === "tasks-unhealthy" ? text[kind] : undefined;
    if (known === undefined) return null; // StartFailures shows why tasks do not start, and the other tabs the rest
    return (
      <Alert key={message} type={severity === "problem" ? "error" : "warning"} header={known.title}>
        <SpaceBetween size="xs">
          <Box>{message}</Box>
          <Box><b>{known.advice}</b></Box>
        </SpaceBetween>
      </Alert>
    );
  });
}
