import { paths } from "../../app/paths.ts";
import { familyOf } from "../../aws/arn.ts";

/** The page of a task definition or of a daemon task definition, given its ARN. */
export function definitionPath(arn: string | undefined): string {
  const { family, revision } = familyOf(arn);
  return arn?.includes(":daemon-task-definition/") ? paths.daemonDefinition(family, revision ?? "") : paths.taskDefinition(family, revision);
}
