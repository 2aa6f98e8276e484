import type { Service } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { useFindings } from "../../live/queries.ts";
import { ErrorAlert } from "../../parts/QueryContent.tsx";
import { clusterNameOf } from "./summary.ts";

/** The problems that `moyai doctor` finds with running tasks, each with what to do next. */
export function TaskFindings({ service }: { service: Service }) {
  const text = useText().services.findings;
  const query = useFindings(clusterNameOf(service), service.serviceArn ?? "");
  if (query.status === "failed") return <ErrorAlert error={query.error} onRetry={query.reload} />;
  return (query.data ?? []).map(({ kind, message, severity }) => {
    const texts = kind === "not-listening" || kind === "tasks-unhealthy" ? text[kind] : undefined;
    if (texts === undefined) return null; // StartFailures and the other tabs show the other kinds
    return (
      <Alert key={message} type={severity === "problem" ? "error" : "warning"} header={texts.title}>
        <SpaceBetween size="xs">
          <Box>{message}</Box>
          <Box><b>{texts.advice}</b></Box>
        </SpaceBetween>
      </Alert>
    );
  });
}
