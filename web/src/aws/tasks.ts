// Reads, runs and stops tasks. Stopped tasks are available for about an hour.

import { DescribeTasksCommand, type DesiredStatus, type ECSClient, paginateListTasks, RunTaskCommand, type RunTaskCommandInput, StopTaskCommand, type Task } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { NotFoundError } from "./apiError.ts";

const PAGE_SIZE = 100; // the limit of DescribeTasks

export interface TaskFilter {
  readonly cluster: string;
  readonly serviceName?: string;
  readonly daemonName?: string;
  readonly desiredStatus: DesiredStatus;
}

/** All tasks that match the filter. */
export async function readTasks(target: Target, filter: TaskFilter, signal: AbortSignal): Promise<Task[]> {
  const client = ecs(target);
  const tasks: Task[] = [];
  for await (const page of paginateListTasks({ client, pageSize: PAGE_SIZE }, filter)) {
    if (page.taskArns?.length) tasks.push(...(await describe(client, filter.cluster, page.taskArns, signal)));
  }
  return tasks;
}

/** Rejects with NotFoundError if the task is unknown or was stopped too long ago. */
export async function readTask(target: Target, cluster: string, id: string, signal: AbortSignal): Promise<Task> {
  const [task] = await describe(ecs(target), cluster, [id], signal);
  if (!task) throw new NotFoundError("InvalidParameterException", "The referenced task was not found.");
  return task;
}

async function describe(client: ECSClient, cluster: string, tasks: string[], abortSignal: AbortSignal): Promise<Task[]> {
  return (await client.send(new DescribeTasksCommand({ cluster, tasks, include: ["TAGS"] }), { abortSignal })).tasks ?? [];
}

/** Runs tasks that belong to no service. Rejects if the API lists a failure. */
export async function runTask(target: Target, input: RunTaskCommandInput): Promise<void> {
  const [failure] = (await ecs(target).send(new RunTaskCommand(input))).failures ?? [];
  if (failure) throw Object.assign(new Error(failure.detail ?? failure.arn ?? ""), { name: failure.reason ?? "Failure" });
}

export async function stopTask(target: Target, cluster: string, task: string, reason: string): Promise<void> {
  await ecs(target).send(new StopTaskCommand({ cluster, task, ...(reason ? { reason } : {}) }));
}
