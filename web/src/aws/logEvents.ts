// Reads the logs of containers from CloudWatch Logs.

import { FilterLogEventsCommand, type FilterLogEventsCommandInput } from "@aws-sdk/client-cloudwatch-logs";
import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { logs } from "./logs.ts";

/** Where the output of a container can be read: in a log group, by stream prefix, or only from the server (`group` is null). */
export interface LogOutput {
  readonly container: string;
  readonly group: string | null;
  readonly prefix: string;
}

export interface LogLine {
  readonly id: string;
  readonly at: number;
  readonly task: string;
  readonly message: string;
}

/** The outputs of all containers of a task definition. A log group needs a stream prefix, which tells the task. */
export function logOutputsOf(definition: TaskDefinition): LogOutput[] {
  return (definition.containerDefinitions ?? []).map((container) => logOutputOf(container));
}

function logOutputOf(container: ContainerDefinition): LogOutput {
  const { logDriver, options } = container.logConfiguration ?? {};
  const group = options?.["awslogs-group"];
  const prefix = options?.["awslogs-stream-prefix"];
  const name = container.name ?? "";
  return logDriver === "awslogs" && group && prefix ? { container: name, group, prefix } : { container: name, group: null, prefix: "" };
}

/** Up to `limit` lines of a container of these tasks since `from` (ms), oldest first. */
export async function readLogLines(
  target: Target,
  output: LogOutput,
  tasks: readonly string[],
  { from, pattern, limit }: { from: number; pattern: string; limit: number },
): Promise<LogLine[]> {
  if (tasks.length === 0 || output.group === null) return [];
  const streams = `${output.prefix}/${output.container}/`;
  const lines: LogLine[] = [];
  let nextToken: string | undefined;
  do {
    const input: FilterLogEventsCommandInput = {
      logGroupName: output.group,
      // by prefix, because a stream that is selected by name must exist, and a task without output has none
      logStreamNamePrefix: `${streams}${tasks.length === 1 ? (tasks[0] ?? "") : ""}`,
      startTime: from,
      nextToken,
      ...(pattern ? { filterPattern: pattern } : {}),
    };
    const response = await logs(target).send(new FilterLogEventsCommand(input));
    for (const event of response.events ?? []) {
      const task = event.logStreamName?.split("/").at(-1) ?? "";
      if (tasks.includes(task)) lines.push({ id: event.eventId ?? "", at: event.timestamp ?? 0, task, message: event.message ?? "" });
    }
    nextToken = response.nextToken;
  } while (nextToken && lines.length < limit);
  return lines.slice(-limit);
}
