// A task's life, read from the times that the API gives.

import type { Task } from "@aws-sdk/client-ecs";

export type Turn = "created" | "connected" | "pulling" | "pulled" | "started" | "stopping" | "executionStopped" | "stopped";

export interface Moment {
  readonly turn: Turn;
  /** The state that the task came into, in AWS's word; none where it stayed in the one before. */
  readonly state: string | undefined;
  readonly at: Date;
  /** Milliseconds since the moment before; 0 for the first. */
  readonly after: number;
}

const TURNS: readonly (readonly [Turn, keyof Task, string | undefined])[] = [
  ["created", "createdAt", "PROVISIONING"],
  ["connected", "connectivityAt", "PENDING"],
  ["pulling", "pullStartedAt", undefined],
  ["pulled", "pullStoppedAt", undefined],
  ["started", "startedAt", "RUNNING"],
  ["stopping", "stoppingAt", "DEACTIVATING"],
  ["executionStopped", "executionStoppedAt", "DEPROVISIONING"],
  ["stopped", "stoppedAt", "STOPPED"],
];

/** What has happened to the task, in its order; what has not happened is left out. */
export function lifeOf(task: Task): Moment[] {
  const known = TURNS.flatMap(([turn, member, state]) => {
    const at = task[member];
    return at instanceof Date ? [{ turn, state, at }] : [];
  });
  // Moments of one time stay in the order of a task's life: the sort is stable.
  known.sort((a, b) => a.at.getTime() - b.at.getTime());
  return known.map((moment, index) => ({ ...moment, after: moment.at.getTime() - (known[index - 1] ?? moment).at.getTime() }));
}

export function isOver(task: Task): boolean {
  return task.lastStatus === "STOPPED";
}
