// The timeline of a task, from the timestamps that the API returns.

import type { Task } from "@aws-sdk/client-ecs";

export type TimelineEventKind = "created" | "connected" | "pulling" | "pulled" | "started" | "stopping" | "executionStopped" | "stopped";

export interface TimelineEvent {
  readonly kind: TimelineEventKind;
  /** The status that the task changed to; undefined if the event did not change it. */
  readonly status: string | undefined;
  readonly time: Date;
  /** Milliseconds since the previous event; 0 for the first. */
  readonly delay: number;
}

const EVENTS: readonly (readonly [TimelineEventKind, keyof Task, string | undefined])[] = [
  ["created", "createdAt", "PROVISIONING"],
  ["connected", "connectivityAt", "PENDING"],
  ["pulling", "pullStartedAt", undefined],
  ["pulled", "pullStoppedAt", undefined],
  ["started", "startedAt", "RUNNING"],
  ["stopping", "stoppingAt", "DEACTIVATING"],
  ["executionStopped", "executionStoppedAt", "DEPROVISIONING"],
  ["stopped", "stoppedAt", "STOPPED"],
];

/** The events that have happened, oldest first. */
export function timelineOf(task: Task): TimelineEvent[] {
  const events = EVENTS.flatMap(([kind, member, status]) => {
    const time = task[member];
    return time instanceof Date ? [{ kind, status, time }] : [];
  });
  events.sort((a, b) => a.time.getTime() - b.time.getTime()); // stable: events of the same time stay in the order of EVENTS
  return events.map((event, index) => ({ ...event, delay: event.time.getTime() - (events[index - 1] ?? event).time.getTime() }));
}

export function isStopped(task: Task): boolean {
  return task.lastStatus === "STOPPED";
}
