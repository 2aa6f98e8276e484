// All paths of the console. `routes.tsx` has the matching routes.

const part = encodeURIComponent;

export const paths = {
  clusters: "/clusters",
  createCluster: "/create-cluster",
  cluster: (cluster: string, tab?: string) => `/clusters/${part(cluster)}${tab ? `/${tab}` : ""}`,
  editCluster: (cluster: string) => `/clusters/${part(cluster)}/edit`,
  createService: (cluster: string) => `/clusters/${part(cluster)}/create-service`,
  runTask: (cluster: string) => `/clusters/${part(cluster)}/run-task`,
  service: (cluster: string, service: string, tab?: string) =>
    `/clusters/${part(cluster)}/services/${part(service)}${tab ? `/${tab}` : ""}`,
  updateService: (cluster: string, service: string) => `/clusters/${part(cluster)}/services/${part(service)}/update`,
  deployment: (cluster: string, service: string, deployment: string) =>
    `/clusters/${part(cluster)}/services/${part(service)}/deployments/${part(deployment)}`,
  task: (cluster: string, task: string, tab?: string) => `/clusters/${part(cluster)}/tasks/${part(task)}${tab ? `/${tab}` : ""}`,
  expressServices: "/express-services",
  createExpressService: "/create-express-service",
  expressService: (cluster: string, service: string, tab?: string) => `/express-services/${part(cluster)}/${part(service)}${tab ? `/${tab}` : ""}`,
  updateExpressService: (cluster: string, service: string) => `/express-services/${part(cluster)}/${part(service)}/update`,
  taskDefinitions: "/task-definitions",
  taskDefinition: (family: string, revision?: number | string) =>
    `/task-definitions/${part(family)}${revision === undefined ? "" : `/${revision}`}`,
  revision: (family: string, revision: number | string, tab?: string) => `/task-definitions/${part(family)}/${revision}${tab ? `/${tab}` : ""}`,
  compareRevisions: (family: string, from: number | string, to: number | string) => `/task-definitions/${part(family)}/compare?from=${from}&to=${to}`,
  registerTaskDefinition: "/register-task-definition",
  registerRevision: (family: string, revision: number | string) => `/task-definitions/${part(family)}/${revision}/register`,
  daemon: (cluster: string, daemon: string, tab?: string) => `/clusters/${part(cluster)}/daemons/${part(daemon)}${tab ? `/${tab}` : ""}`,
  daemonDefinitions: "/daemon-task-definitions",
  daemonDefinition: (family: string, revision: number | string) => `/daemon-task-definitions/${part(family)}/${revision}`,
  namespaces: "/namespaces",
  namespace: (id: string, tab?: string) => `/namespaces/${part(id)}${tab ? `/${tab}` : ""}`,
  discoveryService: (namespace: string, id: string) => `/namespaces/${part(namespace)}/services/${part(id)}`,
  loadBalancers: "/load-balancers",
  createLoadBalancer: "/create-load-balancer",
  loadBalancer: (name: string, tab?: string) => `/load-balancers/${part(name)}${tab ? `/${tab}` : ""}`,
  createListener: (name: string) => `/load-balancers/${part(name)}/create-listener`,
  listener: (name: string, port: number | string, tab?: string) => `/load-balancers/${part(name)}/listeners/${port}${tab ? `/${tab}` : ""}`,
  editListener: (name: string, port: number | string) => `/load-balancers/${part(name)}/listeners/${port}/edit`,
  createRule: (name: string, port: number | string) => `/load-balancers/${part(name)}/listeners/${port}/create-rule`,
  editRule: (name: string, port: number | string, rule: string) => `/load-balancers/${part(name)}/listeners/${port}/rules/${part(rule)}/edit`,
  targetGroups: "/target-groups",
  createTargetGroup: "/create-target-group",
  targetGroup: (name: string, tab?: string) => `/target-groups/${part(name)}${tab ? `/${tab}` : ""}`,
  editHealthCheck: (name: string) => `/target-groups/${part(name)}/edit-health-check`,
  gateways: "/gateways",
  createGateway: "/create-gateway",
  gateway: (name: string, tab?: string) => `/gateways/${part(name)}${tab ? `/${tab}` : ""}`,
  alarms: "/alarms",
  alarm: (name: string) => `/alarms/${part(name)}`,
  stacks: "/stacks",
  /** A stack, given its name, or its id where it is deleted. */
  stack: (stack: string, tab?: string) => `/stacks/${part(stack)}${tab ? `/${tab}` : ""}`,
  images: "/images",
  traces: "/traces",
  /** The traces in which a service, or a virtual node or virtual gateway of a mesh, took part. */
  tracesOf: (workload: { readonly service: string; readonly cluster?: string; readonly namespace?: string }) => `/traces?${new URLSearchParams({ ...workload }).toString()}`,
  /** A trace, given its id or the x-request-id of its request. */
  trace: (reference: string) => `/traces/${part(reference)}`,
  about: "/about",
  traffic: "/traffic",
  trafficOf: (namespace: string) => `/traffic?namespace=${part(namespace)}`,
  /** The traffic map with a box, given its id, and its neighbors. */
  trafficAround: (box: string) => `/traffic?focus=${part(box)}&edge=${part(`:${box}`)}`,
} as const;
