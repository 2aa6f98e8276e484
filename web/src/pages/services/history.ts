// The timeline of a service: its deployments, events, stopped tasks, and the state changes of its deployment alarms. Pure.

import type { AlarmHistoryItem } from "@aws-sdk/client-cloudwatch";
import type { Service, ServiceDeployment, Task } from "@aws-sdk/client-ecs";
import { nameOf } from "../../aws/arn.ts";

export type HistoryKind = "deployment" | "event" | "stop" | "alarm";

export interface HistoryItem {
  readonly id: string;
  readonly kind: HistoryKind;
  readonly time: Date;
  readonly message: string;
  /** The id of a deployment or a task; the name of an alarm. */
  readonly subject?: string;
}

/** Newest first. */
export function historyOf(service: Service, deployments: readonly ServiceDeployment[], stopped: readonly Task[], alarms: readonly AlarmHistoryItem[]): HistoryItem[] {
  const items: HistoryItem[] = (service.events ?? []).flatMap(({ id = "", createdAt, message = "" }) => (createdAt ? [{ id, kind: "event" as const, time: createdAt, message }] : []));
  for (const { serviceDeploymentArn, createdAt, startedAt, finishedAt, stoppedAt, status = "", statusReason } of deployments) {
    const id = nameOf(serviceDeploymentArn);
    const [start, end] = [startedAt ?? createdAt, finishedAt ?? stoppedAt];
    if (start) items.push({ id: `${id} start`, kind: "deployment", time: start, message: "IN_PROGRESS", subject: id });
    if (end) items.push({ id: `${id} end`, kind: "deployment", time: end, message: [status, statusReason].filter(Boolean).join(": "), subject: id });
  }
  for (const { taskArn, stoppedAt, stoppedReason, stopCode } of stopped) {
    if (stoppedAt) items.push({ id: taskArn ?? "", kind: "stop", time: stoppedAt, message: [stopCode, stoppedReason].filter(Boolean).join(": "), subject: nameOf(taskArn) });
  }
  for (const { AlarmName = "", Timestamp, HistorySummary = "" } of alarms) {
    if (Timestamp) items.push({ id: `${AlarmName} ${Timestamp.getTime()}`, kind: "alarm", time: Timestamp, message: HistorySummary, subject: AlarmName });
  }
  return items.sort((a, b) => b.time.getTime() - a.time.getTime() || (a.id < b.id ? -1 : 1));
}
