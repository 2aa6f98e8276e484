// Names out of ARNs.

/** What stands behind the last slash: a task's id, a service's name. */
export function nameOf(arn: string | undefined): string {
  return arn?.split("/").at(-1) ?? "";
}

/** `family:revision` of a task definition's ARN. */
export function definitionOf(arn: string | undefined): string {
  return nameOf(arn);
}

/** Family and revision of a task definition, as ARN or `family:revision`. */
export function familyOf(definition: string | undefined): { family: string; revision: string | undefined } {
  const [family = "", revision] = nameOf(definition).split(":");
  return { family, revision };
}

/** Name of the cluster that a resource of ECS is in. */
export function clusterOf(arn: string | undefined): string {
  return arn?.split("/")[1] ?? "";
}
