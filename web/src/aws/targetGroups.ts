// Reads, creates, changes and deletes target groups and their targets.

import {
  CreateTargetGroupCommand,
  type CreateTargetGroupCommandInput,
  DeleteTargetGroupCommand,
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  ModifyTargetGroupCommand,
  type ModifyTargetGroupCommandInput,
  paginateDescribeTargetGroups,
  RegisterTargetsCommand,
  type TargetDescription,
  type TargetGroup,
  type TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { NotFoundError } from "./apiError.ts";
import type { Target } from "./config.ts";
import { elb } from "./elb.ts";

export async function readTargetGroups(target: Target): Promise<TargetGroup[]> {
  const groups: TargetGroup[] = [];
  for await (const page of paginateDescribeTargetGroups({ client: elb(target) }, {})) groups.push(...(page.TargetGroups ?? []));
  return groups;
}

/** A target group, given its name. */
export async function readTargetGroup(target: Target, name: string, abortSignal: AbortSignal): Promise<TargetGroup> {
  const response = await elb(target).send(new DescribeTargetGroupsCommand({ Names: [name] }), { abortSignal });
  const [group] = response.TargetGroups ?? [];
  if (!group) throw new NotFoundError("TargetGroupNotFound", "Target group not found.");
  return group;
}

/** The health of all targets of a group. */
export async function readTargetHealth(target: Target, group: string, abortSignal: AbortSignal): Promise<TargetHealthDescription[]> {
  const response = await elb(target).send(new DescribeTargetHealthCommand({ TargetGroupArn: group }), { abortSignal });
  return response.TargetHealthDescriptions ?? [];
}

export async function createTargetGroup(target: Target, input: CreateTargetGroupCommandInput): Promise<void> {
  await elb(target).send(new CreateTargetGroupCommand(input));
}

/** Changes the health check of a target group. */
export async function modifyTargetGroup(target: Target, input: ModifyTargetGroupCommandInput): Promise<void> {
  await elb(target).send(new ModifyTargetGroupCommand(input));
}

export async function deleteTargetGroup(target: Target, arn: string): Promise<void> {
  await elb(target).send(new DeleteTargetGroupCommand({ TargetGroupArn: arn }));
}

export async function registerTarget(target: Target, group: string, registered: TargetDescription): Promise<void> {
  await elb(target).send(new RegisterTargetsCommand({ TargetGroupArn: group, Targets: [registered] }));
}

export async function deregisterTarget(target: Target, group: string, registered: TargetDescription): Promise<void> {
  await elb(target).send(new DeregisterTargetsCommand({ TargetGroupArn: group, Targets: [registered] }));
}
