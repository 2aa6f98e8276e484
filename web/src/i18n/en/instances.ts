// Words of the container instances of a cluster.

export const instances = {
  title: "Container instances",
  find: "Find container instances",
  none: "No container instances",
  noneDetail: "Tasks of FARGATE need none. EC2 and EXTERNAL ones run on machines that are registered with the cluster.",
  id: "Instance",
  machine: "Machine",
  zone: "Availability Zone",
  status: "Status",
  agent: "Agent",
  connected: "Connected",
  away: "Not connected",
  running: "Running tasks",
  pending: "Pending tasks",
  cpu: "CPU free of all",
  memory: "Memory free of all (MiB)",
  of: (remaining: number, registered: number) => `${remaining} of ${registered}`,
  drain: {
    open: "Drain",
    title: (id: string) => `Drain container instance ${id}?`,
    effect: (tasks: number) =>
      `No more tasks are placed on it. ${tasks === 0 ? "None runs there now." : `${tasks === 1 ? "One task is" : `${tasks} tasks are`} there: those of services are replaced elsewhere, within their deployment’s limits, and others run on.`}`,
    action: "Drain instance",
    done: (id: string) => `Container instance ${id} drains`,
  },
  activate: {
    open: "Activate",
    title: (id: string) => `Activate container instance ${id}?`,
    effect: "Tasks are placed on it again.",
    action: "Activate instance",
    done: (id: string) => `Container instance ${id} takes tasks again`,
  },
} as const;
