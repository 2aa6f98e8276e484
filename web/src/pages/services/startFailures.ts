// Why the tasks of a service do not start, or do not keep running: the reasons why tasks stopped, most frequent first. Pure.

import type { Service, Task } from "@aws-sdk/client-ecs";

export interface StopCause {
  readonly reason: string;
  readonly count: number;
  /** The newest task that stopped for this reason. */
  readonly task: Task;
  readonly advice: Advice;
}

export type Advice = "image" | "resources" | "container" | "health" | "secrets" | "other";

const ADVICE: readonly (readonly [RegExp, Advice])[] = [
  [/CannotPullContainer|pull image|image .* not (?:here|found)/i, "image"],
  [/ResourceInitializationError|secret|parameter/i, "secrets"],
  [/health check/i, "health"],
  [/RESOURCE:|insufficient|no container instance|capacity/i, "resources"],
  [/Essential container|CannotStartContainer|OutOfMemory|exit/i, "container"],
];
/** The stop codes of tasks that did not stop by themselves. */
const EXTERNAL_STOPS = new Set(["ServiceSchedulerInitiated", "UserInitiated", "TerminationNotice", "SpotInterruption"]);

/** The causes for which tasks stopped by themselves since the service's last deployment began. */
export function stopCauses(service: Service, stopped: readonly Task[]): StopCause[] {
  const since = service.deployments?.[0]?.createdAt?.getTime() ?? 0;
  const causes = new Map<string, StopCause>();
  const newestFirst = [...stopped].sort((a, b) => (b.stoppedAt?.getTime() ?? 0) - (a.stoppedAt?.getTime() ?? 0));
  for (const task of newestFirst) {
    const reason = reasonOf(task);
    const stoppedByItself = !EXTERNAL_STOPS.has(task.stopCode ?? "") || /health check/i.test(reason);
    if (!stoppedByItself || (task.createdAt?.getTime() ?? 0) < since) continue;
    const known = causes.get(reason);
    causes.set(reason, known ? { ...known, count: known.count + 1 } : { reason, count: 1, task, advice: adviceFor(reason) });
  }
  return [...causes.values()].sort((a, b) => b.count - a.count);
}

/** A task's stopped reason with that of its first failed container. */
function reasonOf({ stoppedReason = "", containers = [] }: Task): string {
  const failed = containers.find(({ reason, exitCode }) => reason !== undefined || (exitCode !== undefined && exitCode !== 0));
  if (!failed || (failed.reason !== undefined && stoppedReason.includes(failed.reason))) return stoppedReason;
  return `${stoppedReason} (${failed.name ?? ""}: ${failed.reason ?? `exit code ${failed.exitCode ?? ""}`})`;
}

export function adviceFor(reason: string): Advice {
  return ADVICE.find(([pattern]) => pattern.test(reason))?.[1] ?? "other";
}

/** The newest event that says that no task could be placed; undefined if a task started afterwards. */
export function placementProblem(service: Service): string | undefined {
  for (const { message = "" } of service.events ?? []) {
    if (message.includes("unable to place a task")) return message;
    if (message.includes("has started") || message.includes("steady state")) return undefined;
  }
  return undefined;
}
