// Task definitions, as far as services name them.

import { DescribeTaskDefinitionCommand, paginateListTaskDefinitionFamilies, paginateListTaskDefinitions, type TaskDefinition } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";

const PAGE = 100;

/** One revision: by ARN, `family:revision`, or a family's newest. */
export async function readDefinition(target: Target, taskDefinition: string, abortSignal: AbortSignal): Promise<TaskDefinition> {
  const found = await ecs(target).send(new DescribeTaskDefinitionCommand({ taskDefinition }), { abortSignal });
  return found.taskDefinition ?? {};
}

/** Families with an active revision. */
export async function readFamilies(target: Target): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateListTaskDefinitionFamilies({ client: ecs(target), pageSize: PAGE }, { status: "ACTIVE" })) found.push(...(page.families ?? []));
  return found;
}

/** ARNs of a family's active revisions, newest first. */
export async function readRevisionsOf(target: Target, familyPrefix: string): Promise<string[]> {
  const found: string[] = [];
  const input = { familyPrefix, status: "ACTIVE", sort: "DESC" } as const;
  for await (const page of paginateListTaskDefinitions({ client: ecs(target), pageSize: PAGE }, input)) found.push(...(page.taskDefinitionArns ?? []));
  return found;
}
