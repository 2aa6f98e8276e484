// Reads, registers and deregisters task definitions.

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
import { readDaemonDefinition } from "./daemons.ts";
import { ecs } from "./ecs.ts";
import type { Tags } from "./tags.ts";

const PAGE_SIZE = 100;

type Next = (args: unknown) => Promise<unknown>;

export type DefinitionStatus = "ACTIVE" | "INACTIVE";

export interface Revision {
  readonly definition: TaskDefinition;
  readonly tags: Tags;
}

/**
 * The revision with an ARN or `family:revision`, or the latest of a family. For the ARN of a daemon task definition, only its
 * containers.
 */
export async function readTaskDefinition(target: Target, taskDefinition: string, abortSignal: AbortSignal): Promise<TaskDefinition> {
  if (taskDefinition.includes(":daemon-task-definition/")) {
    const { containerDefinitions } = await readDaemonDefinition(target, taskDefinition, abortSignal);
    return containerDefinitions === undefined ? {} : { containerDefinitions };
  }
  const response = await ecs(target).send(new DescribeTaskDefinitionCommand({ taskDefinition }), { abortSignal });
  return response.taskDefinition ?? {};
}

/** A revision of a task definition with its tags. */
export async function readRevision(target: Target, taskDefinition: string, abortSignal: AbortSignal): Promise<Revision> {
  const command = new DescribeTaskDefinitionCommand({ taskDefinition, include: ["TAGS"] });
  const response = await ecs(target).send(command, { abortSignal });
  return { definition: response.taskDefinition ?? {}, tags: response.tags ?? [] };
}

/** The families with an active revision; for `INACTIVE`, the families without one. */
export async function readFamilies(target: Target, status: DefinitionStatus = "ACTIVE"): Promise<string[]> {
  const families: string[] = [];
  for await (const page of paginateListTaskDefinitionFamilies({ client: ecs(target), pageSize: PAGE_SIZE }, { status })) families.push(...(page.families ?? []));
  return families;
}

/** ARNs of a family's revisions with a status, newest first. */
export async function readRevisionsOf(target: Target, familyPrefix: string, status: DefinitionStatus = "ACTIVE"): Promise<string[]> {
  const arns: string[] = [];
  const input = { familyPrefix, status, sort: "DESC" } as const;
  for await (const page of paginateListTaskDefinitions({ client: ecs(target), pageSize: PAGE_SIZE }, input)) arns.push(...(page.taskDefinitionArns ?? []));
  return arns;
}

/**
 * Registers `body`, the JSON of a RegisterTaskDefinition request, and returns the new revision.
 *
 * The JSON is sent unchanged: the SDK would leave out unknown members, so that a typing error would go unnoticed.
 */
export async function registerTaskDefinition(target: Target, body: string): Promise<TaskDefinition> {
  const command = new RegisterTaskDefinitionCommand({} as RegisterTaskDefinitionCommandInput);
  const unchangedBody = (next: Next) => (args: { readonly request: { body: string } }) => {
    args.request.body = body;
    return next(args);
  };
  command.middlewareStack.add(unchangedBody as never, { step: "build", priority: "high", name: "unchangedBody" });
  return (await ecs(target).send(command)).taskDefinition ?? {};
}

export async function deregisterTaskDefinition(target: Target, taskDefinition: string): Promise<void> {
  await ecs(target).send(new DeregisterTaskDefinitionCommand({ taskDefinition }));
}
