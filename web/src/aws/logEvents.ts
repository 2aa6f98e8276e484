// The output of containers that send it to CloudWatch Logs.

import { FilterLogEventsCommand, type FilterLogEventsCommandInput } from "@aws-sdk/client-cloudwatch-logs";
import type { ContainerDefinition, TaskDefinition } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { logs } from "./logs.ts";

/** Where one container's output goes. */
export interface Output {
  readonly container: string;
  readonly group: string;
  readonly prefix: string;
}

export interface LogLine {
  readonly id: string;
  readonly at: number;
  readonly task: string;
  readonly message: string;
}

/** The containers of a definition that send their output to CloudWatch Logs, with a prefix that says of which task. */
export function outputsOf(definition: TaskDefinition): Output[] {
  return (definition.containerDefinitions ?? []).flatMap((container) => outputOf(container));
}

function outputOf(container: ContainerDefinition): Output[] {
  const { logDriver, options } = container.logConfiguration ?? {};
  const group = options?.["awslogs-group"];
  const prefix = options?.["awslogs-stream-prefix"];
  return logDriver === "awslogs" && group && prefix && container.name ? [{ container: container.name, group, prefix }] : [];
}

/** Up to `limit` lines of these tasks' container since `from` (ms), oldest first. */
export async function readLogLines(
  target: Target,
  output: Output,
  tasks: readonly string[],
  { from, pattern, limit }: { from: number; pattern: string; limit: number },
): Promise<LogLine[]> {
  if (tasks.length === 0) return [];
  const streams = `${output.prefix}/${output.container}/`;
  const found: LogLine[] = [];
  let nextToken: string | undefined;
  do {
    const input: FilterLogEventsCommandInput = {
      logGroupName: output.group,
      // by prefix: a stream asked for by name must exist, and a task that has said nothing yet has none
      logStreamNamePrefix: `${streams}${tasks.length === 1 ? (tasks[0] ?? "") : ""}`,
      startTime: from,
      nextToken,
      ...(pattern ? { filterPattern: pattern } : {}),
    };
    const answer = await logs(target).send(new FilterLogEventsCommand(input));
    for (const event of answer.events ?? []) {
      const task = event.logStreamName?.split("/").at(-1) ?? "";
      if (tasks.includes(task)) found.push({ id: event.eventId ?? "", at: event.timestamp ?? 0, task, message: event.message ?? "" });
    }
    nextToken = answer.nextToken;
  } while (nextToken && found.length < limit);
  return found.slice(-limit);
}
