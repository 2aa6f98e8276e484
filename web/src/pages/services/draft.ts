// The values of a service's form, and the API request for them. Validation is left to the API.

import type {
  CreateServiceCommandInput,
  DeploymentConfiguration,
  DeploymentStrategy,
  LoadBalancer,
  NetworkMode,
  PortMapping,
  RunTaskCommandInput,
  Service,
  ServiceConnectConfiguration,
  TaskDefinition,
  UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import type { Subnet } from "@aws-sdk/client-ec2";
import { familyOf } from "../../aws/arn.ts";
import type { Tags } from "../../aws/tags.ts";
import { primaryOf } from "./summary.ts";

/** A named port that the service may offer as a Service Connect endpoint. */
export interface EndpointDraft {
  readonly enabled: boolean;
  readonly portName: string;
  readonly discoveryName: string;
  readonly dnsName: string;
  readonly port: string;
}

/** A target group in which tasks are registered with a port of a container. */
export interface BalancerDraft {
  readonly targetGroup: string;
  readonly container: string;
  readonly port: string;
}

export interface ServiceDraft {
  readonly name: string;
  readonly family: string;
  /** Empty for the latest. */
  readonly revision: string;
  readonly desired: string;
  readonly launchType: "FARGATE" | "EC2";
  readonly strategy: DeploymentStrategy;
  readonly minimum: string;
  readonly maximum: string;
  readonly bake: string;
  readonly percent: string;
  readonly stepBake: string;
  readonly breaker: boolean;
  readonly rollback: boolean;
  readonly exec: boolean;
  readonly subnets: readonly string[];
  readonly groups: readonly string[];
  readonly publicIp: boolean;
  readonly connect: "off" | "client" | "server";
  readonly namespace: string;
  readonly endpoints: readonly EndpointDraft[];
  readonly balancers: readonly BalancerDraft[];
  readonly tags: Tags;
}

export const NEW_SERVICE: ServiceDraft = {
  name: "",
  family: "",
  revision: "",
  desired: "1",
  launchType: "FARGATE",
  strategy: "ROLLING",
  minimum: "100",
  maximum: "200",
  bake: "5",
  percent: "10",
  stepBake: "5",
  breaker: true,
  rollback: true,
  exec: false,
  subnets: [],
  groups: [],
  publicIp: false,
  connect: "off",
  namespace: "",
  endpoints: [],
  balancers: [],
  tags: [],
};

/** The draft with the current configuration of a service. */
export function draftOf(service: Service): ServiceDraft {
  const deployment = service.deploymentConfiguration ?? {};
  const network = service.networkConfiguration?.awsvpcConfiguration;
  const connect = primaryOf(service)?.serviceConnectConfiguration;
  const { family, revision } = familyOf(service.taskDefinition);
  const step = deployment.linearConfiguration
    ? { percent: deployment.linearConfiguration.stepPercent, bake: deployment.linearConfiguration.stepBakeTimeInMinutes }
    : { percent: deployment.canaryConfiguration?.canaryPercent, bake: deployment.canaryConfiguration?.canaryBakeTimeInMinutes };
  return {
    ...NEW_SERVICE,
    name: service.serviceName ?? "",
    family,
    revision: revision ?? "",
    desired: String(service.desiredCount ?? 0),
    launchType: service.launchType === "EC2" ? "EC2" : "FARGATE",
    strategy: deployment.strategy ?? "ROLLING",
    minimum: String(deployment.minimumHealthyPercent ?? 100),
    maximum: String(deployment.maximumPercent ?? 200),
    bake: String(deployment.bakeTimeInMinutes ?? 0),
    percent: String(step.percent ?? NEW_SERVICE.percent),
    stepBake: String(step.bake ?? NEW_SERVICE.stepBake),
    breaker: deployment.deploymentCircuitBreaker?.enable ?? false,
    rollback: deployment.deploymentCircuitBreaker?.rollback ?? false,
    exec: service.enableExecuteCommand ?? false,
    subnets: network?.subnets ?? [],
    groups: network?.securityGroups ?? [],
    publicIp: network?.assignPublicIp === "ENABLED",
    connect: connect?.enabled ? (connect.services?.length ? "server" : "client") : "off",
    namespace: connect?.namespace ?? "",
    endpoints: (connect?.services ?? []).map((one) => ({
      enabled: true,
      portName: one.portName ?? "",
      discoveryName: one.discoveryName ?? "",
      dnsName: one.clientAliases?.[0]?.dnsName ?? "",
      port: String(one.clientAliases?.[0]?.port ?? ""),
    })),
    balancers: (service.loadBalancers ?? []).map((one) => ({
      targetGroup: one.targetGroupArn ?? "",
      container: one.containerName ?? "",
      port: String(one.containerPort ?? ""),
    })),
    tags: service.tags ?? [],
  };
}

/**
 * An endpoint for each named port of a task definition: the edited endpoint, or else a new one. `newService`, the name of a
 * service that is being created, enables new endpoints and, if there is only one port, is the name that callers use.
 */
export function endpointsOf(definition: TaskDefinition | undefined, edited: readonly EndpointDraft[], newService?: string): EndpointDraft[] {
  const ports = (definition?.containerDefinitions ?? []).flatMap((container) => container.portMappings ?? []).filter(isNamed);
  return ports.map((port) => {
    const dnsName = newService !== undefined && ports.length === 1 ? newService : "";
    const newEndpoint = { enabled: newService !== undefined, portName: port.name, discoveryName: dnsName, dnsName, port: String(port.containerPort ?? "") };
    return edited.find(({ portName }) => portName === port.name) ?? newEndpoint;
  });
}

/** A new service in a cluster: in the default VPC's subnets, and with Service Connect where the cluster has a namespace. */
export function newService(subnets: readonly Subnet[], defaultNamespace: string | undefined): ServiceDraft {
  const defaults = subnets.filter(({ DefaultForAz }) => DefaultForAz).flatMap(({ SubnetId }) => SubnetId ?? []);
  return { ...NEW_SERVICE, subnets: defaults, connect: defaultNamespace ? "server" : "off" };
}

/** The request for tasks without a service. `command`: replaces the command of the first container. */
export function runTaskInput(cluster: string, draft: ServiceDraft, definition: TaskDefinition | undefined, command: string): RunTaskCommandInput {
  const words = command.trim() === "" ? [] : command.trim().split(/\s+/);
  const name = definition?.containerDefinitions?.[0]?.name;
  const { taskDefinition, enableExecuteCommand, networkConfiguration } = sharedInput(draft, definition?.networkMode);
  return {
    cluster,
    taskDefinition,
    enableExecuteCommand,
    count: toNumber(draft.desired),
    launchType: draft.launchType,
    ...(networkConfiguration === undefined ? {} : { networkConfiguration }),
    ...(words.length > 0 && name !== undefined ? { overrides: { containerOverrides: [{ name, command: words }] } } : {}),
  };
}

function isNamed(port: PortMapping): port is PortMapping & { name: string } {
  return Boolean(port.name);
}

export function usesAwsvpc(mode: NetworkMode | undefined): boolean {
  return mode === "awsvpc";
}

/** The number in a field; undefined if the field is empty. The API rejects NaN by name. */
export function toNumber(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

function deploymentConfiguration(draft: ServiceDraft): DeploymentConfiguration {
  const step = { percent: toNumber(draft.percent), bake: toNumber(draft.stepBake) };
  return {
    strategy: draft.strategy,
    minimumHealthyPercent: toNumber(draft.minimum),
    maximumPercent: toNumber(draft.maximum),
    deploymentCircuitBreaker: { enable: draft.breaker, rollback: draft.breaker && draft.rollback },
    ...(draft.strategy === "ROLLING" ? {} : { bakeTimeInMinutes: toNumber(draft.bake) }),
    ...(draft.strategy === "LINEAR" ? { linearConfiguration: { stepPercent: step.percent, stepBakeTimeInMinutes: step.bake } } : {}),
    ...(draft.strategy === "CANARY" ? { canaryConfiguration: { canaryPercent: step.percent, canaryBakeTimeInMinutes: step.bake } } : {}),
  };
}

/** The Service Connect configuration. Members that the form does not show are taken from `previous`. */
function connectConfiguration(draft: ServiceDraft, previous: ServiceConnectConfiguration | undefined): ServiceConnectConfiguration {
  if (draft.connect === "off") return { enabled: false };
  const base = previous?.enabled ? previous : undefined;
  const endpoints = draft.connect === "server" ? draft.endpoints.filter(({ enabled }) => enabled) : [];
  const services = endpoints.map((endpoint) => {
    const existing = base?.services?.find((one) => one.portName === endpoint.portName);
    const [alias, ...others] = existing?.clientAliases ?? [];
    const first = { ...alias, port: toNumber(endpoint.port), ...(endpoint.dnsName ? { dnsName: endpoint.dnsName } : {}) };
    return {
      ...existing,
      portName: endpoint.portName,
      ...(endpoint.discoveryName ? { discoveryName: endpoint.discoveryName } : {}),
      clientAliases: [first, ...others],
    };
  });
  return { ...base, enabled: true, ...(draft.namespace ? { namespace: draft.namespace } : {}), services };
}

/** The members that creating a service, updating it and running tasks have in common. */
type SharedInput = Pick<UpdateServiceCommandInput, "taskDefinition" | "desiredCount" | "deploymentConfiguration" | "enableExecuteCommand" | "networkConfiguration">;

/** The load balancers. Members that the form does not show, such as the rules of deployments, are taken from `previous`. */
function loadBalancers(draft: ServiceDraft, previous: readonly LoadBalancer[]): LoadBalancer[] {
  return draft.balancers.map(({ targetGroup, container, port }) => ({
    ...previous.find(({ targetGroupArn }) => targetGroupArn === targetGroup),
    targetGroupArn: targetGroup,
    containerName: container,
    containerPort: toNumber(port),
  }));
}

function sharedInput(draft: ServiceDraft, mode: NetworkMode | undefined): SharedInput {
  const network = {
    awsvpcConfiguration: {
      subnets: [...draft.subnets],
      securityGroups: [...draft.groups],
      assignPublicIp: draft.publicIp ? ("ENABLED" as const) : ("DISABLED" as const),
    },
  };
  return {
    taskDefinition: draft.revision ? `${draft.family}:${draft.revision}` : draft.family,
    desiredCount: toNumber(draft.desired),
    deploymentConfiguration: deploymentConfiguration(draft),
    enableExecuteCommand: draft.exec,
    ...(usesAwsvpc(mode) ? { networkConfiguration: network } : {}),
  };
}

export function createInput(cluster: string, draft: ServiceDraft, mode: NetworkMode | undefined): CreateServiceCommandInput {
  return {
    ...sharedInput(draft, mode),
    cluster,
    serviceName: draft.name,
    launchType: draft.launchType,
    serviceConnectConfiguration: connectConfiguration(draft, undefined),
    ...(draft.balancers.length > 0 ? { loadBalancers: loadBalancers(draft, []) } : {}),
    ...(draft.tags.length > 0 ? { tags: [...draft.tags] } : {}),
  };
}

/** The input with only the changed members, because an unchanged one could start a deployment. */
export function updateInput(cluster: string, service: Service, draft: ServiceDraft, mode: NetworkMode | undefined): UpdateServiceCommandInput {
  const original = draftOf(service);
  const before = sharedInput(original, mode);
  const after = sharedInput(draft, mode);
  const currentConnect = primaryOf(service)?.serviceConnectConfiguration;
  const connectKey = ({ connect, namespace, endpoints }: ServiceDraft) =>
    JSON.stringify([connect, namespace, connect === "server" ? endpoints.filter(({ enabled }) => enabled) : []]);
  const changed = Object.entries(after).filter(([member, value]) => JSON.stringify(value) !== JSON.stringify(before[member as keyof typeof before]));
  return {
    cluster,
    service: draft.name,
    ...Object.fromEntries(changed),
    ...(JSON.stringify(draft.balancers) === JSON.stringify(original.balancers) ? {} : { loadBalancers: loadBalancers(draft, service.loadBalancers ?? []) }),
    ...(connectKey(draft) === connectKey(original) ? {} : { serviceConnectConfiguration: connectConfiguration(draft, currentConnect) }),
  };
}

/** Whether an update with these members starts a deployment. */
export function startsDeployment(input: UpdateServiceCommandInput): boolean {
  return [input.taskDefinition, input.networkConfiguration, input.serviceConnectConfiguration, input.loadBalancers].some((member) => member !== undefined);
}
