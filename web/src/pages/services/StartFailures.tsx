import type { Service } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { useFindings, useTasks } from "../../live/queries.ts";
import { RelativeTime } from "../../parts/Time.tsx";
import { adviceFor, placementProblem, stopCauses } from "./startFailures.ts";
import { clusterNameOf } from "./summary.ts";

const MAX_CAUSES = 3;

/** Why fewer tasks run than desired, and what to do next; null if all run. */
export function StartFailures({ service }: { service: Service }) {
  const text = useText().services.failures;
  const cluster = clusterNameOf(service);
  const name = service.serviceName ?? "";
  const stopped = useTasks({ cluster, serviceName: name, desiredStatus: "STOPPED" }).data ?? [];
  const isShort = (service.runningCount ?? 0) < (service.desiredCount ?? 0);
  const findings = useFindings(cluster, service.serviceArn ?? "").data ?? [];
  const isReported = findings.some(({ kind }) => kind === "tasks-unhealthy"); // TaskFindings shows these stops
  const causes = stopCauses(service, stopped).filter(({ advice }) => !isReported || advice !== "health");
  const placement = placementProblem(service);
  if (!isShort || (causes.length === 0 && placement === undefined)) return null;
  return (
    <Alert type="error" header={text.title}>
      <SpaceBetween size="xs">
        {placement === undefined ? null : <Box>{placement} <b>{text.advice[adviceFor(`RESOURCE: ${placement}`)]}</b></Box>}
        {causes.slice(0, MAX_CAUSES).map(({ reason, count, task, advice }) => (
          <div key={reason}>
            <Box>{text.cause(count, reason)}</Box>
            <Box>
              <b>{text.advice[advice]}</b>{" "}
              <Link href={href(paths.task(cluster, nameOf(task.taskArn)))}>{text.task}</Link>{" · "}
              <Link href={href(paths.task(cluster, nameOf(task.taskArn), "logs"))}>{text.logs}</Link>{" "}
              <Box variant="span" color="text-body-secondary"><RelativeTime date={task.stoppedAt} /></Box>
            </Box>
          </div>
        ))}
      </SpaceBetween>
    </Alert>
  );
}
