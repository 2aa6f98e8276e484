// Task definitions: families, their revisions, and what can be done with one.

import {
  DeregisterTaskDefinitionCommand,
  DescribeTaskDefinitionCommand,
  paginateListTaskDefinitionFamilies,
  paginateListTaskDefinitions,
  RegisterTaskDefinitionCommand,
  type RegisterTaskDefinitionCommandInput,
  type TaskDefinition,
} from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import type { Tags } from "./tags.ts";

const PAGE = 100;

type Next = (args: unknown) => Promise<unknown>;

export type DefinitionStatus = "ACTIVE" | "INACTIVE";

export interface Revision {
  readonly definition: TaskDefinition;
  readonly tags: Tags;
}

/** One revision: by ARN, `family:revision`, or a family's newest. */
export async function readDefinition(target: Target, taskDefinition: string, abortSignal: AbortSignal): Promise<TaskDefinition> {
  const found = await ecs(target).send(new DescribeTaskDefinitionCommand({ taskDefinition }), { abortSignal });
  return found.taskDefinition ?? {};
}

/** One revision with its tags. */
export async function readRevision(target: Target, taskDefinition: string, abortSignal: AbortSignal): Promise<Revision> {
  const command = new DescribeTaskDefinitionCommand({ taskDefinition, include: ["TAGS"] });
  const found = await ecs(target).send(command, { abortSignal });
  return { definition: found.taskDefinition ?? {}, tags: found.tags ?? [] };
}

/** Families with an active revision; as `INACTIVE`, those that have none left. */
export async function readFamilies(target: Target, status: DefinitionStatus = "ACTIVE"): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateListTaskDefinitionFamilies({ client: ecs(target), pageSize: PAGE }, { status })) found.push(...(page.families ?? []));
  return found;
}

/** ARNs of a family's revisions in a status, newest first. */
export async function readRevisionsOf(target: Target, familyPrefix: string, status: DefinitionStatus = "ACTIVE"): Promise<string[]> {
  const found: string[] = [];
  const input = { familyPrefix, status, sort: "DESC" } as const;
  for await (const page of paginateListTaskDefinitions({ client: ecs(target), pageSize: PAGE }, input)) found.push(...(page.taskDefinitionArns ?? []));
  return found;
}

/**
 * Registers `body`, the JSON of a RegisterTaskDefinition request, and gives the new revision.
 *
 * It is sent as it is written. The SDK would leave out members that it doesn't know, and a mistyped name would be lost
 * without a word.
 */
export async function registerDefinition(target: Target, body: string): Promise<TaskDefinition> {
  const command = new RegisterTaskDefinitionCommand({} as RegisterTaskDefinitionCommandInput);
  const asWritten = (next: Next) => (args: { readonly request: { body: string } }) => {
    args.request.body = body;
    return next(args);
  };
  command.middlewareStack.add(asWritten as never, { step: "build", priority: "high", name: "asWritten" });
  return (await ecs(target).send(command)).taskDefinition ?? {};
}

export async function deregisterDefinition(target: Target, taskDefinition: string): Promise<void> {
  await ecs(target).send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
}
