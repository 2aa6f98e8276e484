// Tasks of a cluster or of a service: those that run, and those that have stopped not long ago.

import { DescribeTasksCommand, type DesiredStatus, type ECSClient, paginateListTasks, StopTaskCommand, type Task } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { MissingError } from "./fault.ts";

const AT_ONCE = 100; // DescribeTasks takes no more

export interface TaskFilter {
  readonly cluster: string;
  readonly serviceName?: string;
  readonly desiredStatus: DesiredStatus;
}

/** Every task that is wanted so. */
export async function readTasks(target: Target, filter: TaskFilter, signal: AbortSignal): Promise<Task[]> {
  const client = ecs(target);
  const found: Task[] = [];
  for await (const page of paginateListTasks({ client, pageSize: AT_ONCE }, filter)) {
    if (page.taskArns?.length) found.push(...(await describe(client, filter.cluster, page.taskArns, signal)));
  }
  return found;
}

/** One task, as long as it is remembered. Rejects with MissingError when it is not. */
export async function readTask(target: Target, cluster: string, id: string, signal: AbortSignal): Promise<Task> {
  const [task] = await describe(ecs(target), cluster, [id], signal);
  if (!task) throw new MissingError("InvalidParameterException", "The referenced task was not found.");
  return task;
}

async function describe(client: ECSClient, cluster: string, tasks: string[], abortSignal: AbortSignal): Promise<Task[]> {
  return (await client.send(new DescribeTasksCommand({ cluster, tasks, include: ["TAGS"] }), { abortSignal })).tasks ?? [];
}

export async function stopTask(target: Target, cluster: string, task: string, reason: string): Promise<void> {
  await ecs(target).send(new StopTaskCommand({ cluster, task, ...(reason ? { reason } : {}) }));
}
