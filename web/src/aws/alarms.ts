// Reads CloudWatch alarms and their history.

import { type AlarmHistoryItem, DescribeAlarmHistoryCommand, type MetricAlarm, paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";
import { cloudWatch } from "./cloudWatch.ts";
import type { Target } from "./config.ts";
import { NotFoundError } from "./apiError.ts";

const MAX_ITEMS = 100; // the limit of DescribeAlarmHistory

/** The newest state changes of these alarms. */
export async function readAlarmHistory(target: Target, names: readonly string[], abortSignal: AbortSignal): Promise<AlarmHistoryItem[]> {
  const items: AlarmHistoryItem[] = [];
  for (const AlarmName of names) {
    const command = new DescribeAlarmHistoryCommand({ AlarmName, HistoryItemType: "StateUpdate", MaxRecords: MAX_ITEMS });
    items.push(...((await cloudWatch(target).send(command, { abortSignal })).AlarmHistoryItems ?? []));
  }
  return items;
}

/** All metric alarms. */
export async function readAlarms(target: Target): Promise<MetricAlarm[]> {
  const alarms: MetricAlarm[] = [];
  for await (const page of paginateDescribeAlarms({ client: cloudWatch(target) }, {})) alarms.push(...(page.MetricAlarms ?? []));
  return alarms;
}

/** Rejects with NotFoundError if there is no such alarm. */
export async function readAlarm(target: Target, name: string): Promise<MetricAlarm> {
  for await (const page of paginateDescribeAlarms({ client: cloudWatch(target) }, { AlarmNames: [name] })) {
    const [alarm] = page.MetricAlarms ?? [];
    if (alarm) return alarm;
  }
  throw new NotFoundError("ResourceNotFound", "Alarm not found.");
}
