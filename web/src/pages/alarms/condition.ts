import type { MetricAlarm } from "@aws-sdk/client-cloudwatch";

const OPERATORS: Readonly<Record<string, string>> = {
  GreaterThanOrEqualToThreshold: "≥",
  GreaterThanThreshold: ">",
  LessThanThreshold: "<",
  LessThanOrEqualToThreshold: "≤",
};

/** What an alarm compares: `Errors Sum > 5, 2/3 × 60 s`. */
export function conditionOf(alarm: MetricAlarm): string {
  const metric = alarm.MetricName ?? (alarm.Metrics ?? []).map(({ Label, Id, ReturnData }) => (ReturnData === false ? "" : (Label ?? Id ?? ""))).filter(Boolean).join(", ");
  const periods = alarm.EvaluationPeriods ?? 1;
  const count = `${alarm.DatapointsToAlarm ?? periods}/${periods} × ${alarm.Period ?? 60} s`;
  const operator = OPERATORS[alarm.ComparisonOperator ?? ""] ?? alarm.ComparisonOperator ?? "";
  return `${[metric, alarm.Statistic ?? alarm.ExtendedStatistic].filter(Boolean).join(" ")} ${operator} ${alarm.Threshold ?? ""}, ${count}`;
}
