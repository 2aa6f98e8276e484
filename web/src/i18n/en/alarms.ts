// Texts of the pages of alarms.

export const alarms = {
  title: "Alarms",
  find: "Find alarms",
  empty: "No alarms",
  emptyDetail: "A CloudWatch alarm watches a metric. Alarms can roll back deployments and scale services.",
  name: "Alarm",
  state: "State",
  condition: "Condition",
  updated: "Last state change",
  overview: "Alarm overview",
  reason: "Reason",
  dimensions: "Namespace and dimensions",
  missing: "Missing data",
  actions: "Actions",
  arn: "ARN",
  history: "History",
  noHistory: "No state changes",
  at: "Time",
  change: "Change",
} as const;
