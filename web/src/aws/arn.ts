// Parses ARNs, and builds those of ECS and of roles.

const PARTITIONS: readonly (readonly [region: string, partition: string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["eusc-", "aws-eusc"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
];

interface Scope {
  readonly account: string;
  readonly region: string;
}

/** The ARN of a resource of ECS, such as `service/shop/front`, in the partition of its Region. */
export function ecsArn(scope: Scope, resource: string): string {
  return `arn:${partitionOf(scope)}:ecs:${scope.region}:${scope.account}:${resource}`;
}

/** The ARN of an IAM role. */
export function roleArn(scope: Scope, name: string): string {
  return `arn:${partitionOf(scope)}:iam::${scope.account}:role/${name}`;
}

function partitionOf({ region }: Scope): string {
  return PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
}

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
