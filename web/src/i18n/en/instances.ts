// Texts of the container instances of a cluster.

export const instances = {
  title: "Container instances",
  find: "Find container instances",
  none: "No container instances",
  noneDetail: "Fargate tasks don't need container instances. EC2 and EXTERNAL tasks run on machines that are registered with the cluster.",
  id: "Container instance",
  machine: "Instance ID",
  zone: "Availability Zone",
  status: "Status",
  agent: "Agent",
  connected: "Connected",
  notConnected: "Not connected",
  running: "Running tasks",
  pending: "Pending tasks",
  cpu: "CPU available",
  memory: "Memory available (MiB)",
  of: (remaining: number, registered: number) => `${remaining} of ${registered}`,
  drain: {
    open: "Drain",
    title: (id: string) => `Drain container instance ${id}?`,
    effect: (tasks: number) =>
      `No new tasks are placed on this instance. ${tasks === 0 ? "No tasks are running on it." : `${tasks === 1 ? "1 task is" : `${tasks} tasks are`} running on it: tasks of services are replaced on other instances within the limits of the deployment, and standalone tasks keep running.`}`,
    action: "Drain instance",
    done: (id: string) => `Draining container instance ${id}`,
  },
  activate: {
    open: "Activate",
    title: (id: string) => `Activate container instance ${id}?`,
    effect: "New tasks can be placed on this instance again.",
    action: "Activate instance",
    done: (id: string) => `Container instance ${id} activated`,
  },
} as const;
