// Reads CloudFormation's stacks with their events, resources and change sets, deletes stacks, and executes change sets.

import {
  CloudFormationClient,
  type Change,
  type ChangeSetSummary,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  paginateDescribeChangeSet,
  paginateDescribeStacks,
  paginateListChangeSets,
  paginateListStackResources,
  type Stack,
  type StackEvent,
  type StackResourceSummary,
} from "@aws-sdk/client-cloudformation";
import { NotFoundError } from "./apiError.ts";
import { clientFactory, type Target } from "./config.ts";

const cloudFormation = clientFactory(CloudFormationClient);
const MAX_EVENTS = 500;

/** All stacks that exist, nested ones too. */
export async function readStacks(target: Target): Promise<Stack[]> {
  const stacks: Stack[] = [];
  for await (const page of paginateDescribeStacks({ client: cloudFormation(target) }, {})) stacks.push(...(page.Stacks ?? []));
  return stacks;
}

/** A stack, given its name or its id; a deleted one is found by its id. */
export async function readStack(target: Target, stack: string, abortSignal: AbortSignal): Promise<Stack> {
  const { Stacks: [description] = [] } = await cloudFormation(target).send(new DescribeStacksCommand({ StackName: stack }), { abortSignal });
  if (!description) throw new NotFoundError("ValidationError", "Stack not found.");
  return description;
}

/** The newest events of a stack, newest first. */
export async function readStackEvents(target: Target, stack: string, abortSignal: AbortSignal): Promise<StackEvent[]> {
  const events: StackEvent[] = [];
  let token: string | undefined;
  do {
    const page = await cloudFormation(target).send(new DescribeStackEventsCommand({ StackName: stack, NextToken: token }), { abortSignal });
    events.push(...(page.StackEvents ?? []));
    token = page.NextToken;
  } while (token !== undefined && events.length < MAX_EVENTS);
  return events.slice(0, MAX_EVENTS);
}

export async function readStackResources(target: Target, stack: string): Promise<StackResourceSummary[]> {
  const resources: StackResourceSummary[] = [];
  for await (const page of paginateListStackResources({ client: cloudFormation(target) }, { StackName: stack })) resources.push(...(page.StackResourceSummaries ?? []));
  return resources;
}

/** The template of a stack as it was given. */
export async function readTemplate(target: Target, stack: string, abortSignal: AbortSignal): Promise<string> {
  return (await cloudFormation(target).send(new GetTemplateCommand({ StackName: stack }), { abortSignal })).TemplateBody ?? "";
}

export async function readChangeSets(target: Target, stack: string): Promise<ChangeSetSummary[]> {
  const changeSets: ChangeSetSummary[] = [];
  for await (const page of paginateListChangeSets({ client: cloudFormation(target) }, { StackName: stack })) changeSets.push(...(page.Summaries ?? []));
  return changeSets;
}

/** What executing a change set would do. */
export async function readChanges(target: Target, changeSet: string): Promise<Change[]> {
  const changes: Change[] = [];
  for await (const page of paginateDescribeChangeSet({ client: cloudFormation(target) }, { ChangeSetName: changeSet })) changes.push(...(page.Changes ?? []));
  return changes;
}

export async function executeChangeSet(target: Target, changeSet: string): Promise<void> {
  await cloudFormation(target).send(new ExecuteChangeSetCommand({ ChangeSetName: changeSet }));
}

export async function deleteChangeSet(target: Target, changeSet: string): Promise<void> {
  await cloudFormation(target).send(new DeleteChangeSetCommand({ ChangeSetName: changeSet }));
}

/** Begins to delete a stack. */
export async function deleteStack(target: Target, stack: string): Promise<void> {
  await cloudFormation(target).send(new DeleteStackCommand({ StackName: stack }));
}
