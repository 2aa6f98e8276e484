// Parses ARNs.

/** The part after the last slash: the id of a task, the name of a service. */
export function nameOf(arn: string | undefined): string {
  return arn?.split("/").at(-1) ?? "";
}

/** `family:revision` from the ARN of a task definition. */
export function definitionOf(arn: string | undefined): string {
  return nameOf(arn);
}

/** The family and revision of a task definition, given its ARN or `family:revision`. */
export function familyOf(definition: string | undefined): { family: string; revision: string | undefined } {
  const [family = "", revision] = nameOf(definition).split(":");
  return { family, revision };
}

/** The cluster name in the ARN of an ECS resource. */
export function clusterOf(arn: string | undefined): string {
  return arn?.split("/")[1] ?? "";
}
