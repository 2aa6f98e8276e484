// Texts of the load balancing of services.

export const balancing = {
  title: "Load balancing",
  none: "Not behind a load balancer",
  noneDetail: "Update the service and name a target group in which its tasks are registered.",
  container: (name: string, port: number) => `Container ${name}, port ${port}`,
  loadBalancers: "Load balancers",
  urls: "URLs",
  targets: "Target groups and health",
  productionRule: "Production listener rule",
  testRule: "Test listener rule",
  formDetail: "Each task is registered in these target groups. Each group has to be used by a listener or a rule.",
  targetGroup: "Target group",
  containerPort: "Container and port",
  noPorts: "The task definition has no port mappings",
  add: "Add target group",
  remove: "Remove",
} as const;
