// A service as its form has it, and the request that it comes to. What the API checks is not checked here a second time.

import type {
  CreateServiceCommandInput,
  DeploymentConfiguration,
  DeploymentStrategy,
  NetworkMode,
  PortMapping,
  Service,
  ServiceConnectConfiguration,
  TaskDefinition,
  UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { familyOf } from "../../aws/arn.ts";
import type { Tags } from "../../aws/tags.ts";
import { primaryOf } from "./summary.ts";

export interface Offer {
  readonly on: boolean;
  readonly portName: string;
  readonly discoveryName: string;
  readonly dnsName: string;
  readonly port: string;
}

export interface Draft {
  readonly name: string;
  readonly family: string;
  /** Empty for the newest. */
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
  readonly offers: readonly Offer[];
  readonly tags: Tags;
}

export const EMPTY: Draft = {
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
  offers: [],
  tags: [],
};

/** What a service is set up as now. */
export function draftOf(service: Service): Draft {
  const by = service.deploymentConfiguration ?? {};
  const network = service.networkConfiguration?.awsvpcConfiguration;
  const connect = primaryOf(service)?.serviceConnectConfiguration;
  const { family, revision } = familyOf(service.taskDefinition);
  const step = by.linearConfiguration
    ? { percent: by.linearConfiguration.stepPercent, bake: by.linearConfiguration.stepBakeTimeInMinutes }
    : { percent: by.canaryConfiguration?.canaryPercent, bake: by.canaryConfiguration?.canaryBakeTimeInMinutes };
  return {
    ...EMPTY,
    name: service.serviceName ?? "",
    family,
    revision: revision ?? "",
    desired: String(service.desiredCount ?? 0),
    launchType: service.launchType === "EC2" ? "EC2" : "FARGATE",
    strategy: by.strategy ?? "ROLLING",
    minimum: String(by.minimumHealthyPercent ?? 100),
    maximum: String(by.maximumPercent ?? 200),
    bake: String(by.bakeTimeInMinutes ?? 0),
    percent: String(step.percent ?? EMPTY.percent),
    stepBake: String(step.bake ?? EMPTY.stepBake),
    breaker: by.deploymentCircuitBreaker?.enable ?? false,
    rollback: by.deploymentCircuitBreaker?.rollback ?? false,
    exec: service.enableExecuteCommand ?? false,
    subnets: network?.subnets ?? [],
    groups: network?.securityGroups ?? [],
    publicIp: network?.assignPublicIp === "ENABLED",
    connect: connect?.enabled ? (connect.services?.length ? "server" : "client") : "off",
    namespace: connect?.namespace ?? "",
    offers: (connect?.services ?? []).map((one) => ({
      on: true,
      portName: one.portName ?? "",
      discoveryName: one.discoveryName ?? "",
      dnsName: one.clientAliases?.[0]?.dnsName ?? "",
      port: String(one.clientAliases?.[0]?.port ?? ""),
    })),
    tags: service.tags ?? [],
  };
}

/** Each named port of a definition as an offer: as it was chosen before, else off, with the port's own name and number. */
export function offersOf(definition: TaskDefinition | undefined, chosen: readonly Offer[]): Offer[] {
  const ports = (definition?.containerDefinitions ?? []).flatMap((container) => container.portMappings ?? []);
  return ports.filter(isNamed).map((port) => {
    const offer = { on: false, portName: port.name, discoveryName: "", dnsName: "", port: String(port.containerPort ?? "") };
    return chosen.find((one) => one.portName === port.name) ?? offer;
  });
}

function isNamed(port: PortMapping): port is PortMapping & { name: string } {
  return Boolean(port.name);
}

export function hasOwnNetwork(mode: NetworkMode | undefined): boolean {
  return mode === "awsvpc";
}

/** A number where the text is one, and nothing where it is empty; what is neither, the API refuses by name. */
function number(text: string): number | undefined {
  return text.trim() === "" ? undefined : Number(text);
}

function deploymentOf(draft: Draft): DeploymentConfiguration {
  const step = { percent: number(draft.percent), bake: number(draft.stepBake) };
  return {
    strategy: draft.strategy,
    minimumHealthyPercent: number(draft.minimum),
    maximumPercent: number(draft.maximum),
    deploymentCircuitBreaker: { enable: draft.breaker, rollback: draft.breaker && draft.rollback },
    ...(draft.strategy === "ROLLING" ? {} : { bakeTimeInMinutes: number(draft.bake) }),
    ...(draft.strategy === "LINEAR" ? { linearConfiguration: { stepPercent: step.percent, stepBakeTimeInMinutes: step.bake } } : {}),
    ...(draft.strategy === "CANARY" ? { canaryConfiguration: { canaryPercent: step.percent, canaryBakeTimeInMinutes: step.bake } } : {}),
  };
}

/** Service Connect as the form has it; what the form does not show stays as it was in `before`. */
function connectOf(draft: Draft, before: ServiceConnectConfiguration | undefined): ServiceConnectConfiguration {
  if (draft.connect === "off") return { enabled: false };
  const kept = before?.enabled ? before : undefined;
  const offers = draft.connect === "server" ? draft.offers.filter((offer) => offer.on) : [];
  const services = offers.map((offer) => {
    const known = kept?.services?.find((one) => one.portName === offer.portName);
    const [alias, ...others] = known?.clientAliases ?? [];
    const first = { ...alias, port: number(offer.port), ...(offer.dnsName ? { dnsName: offer.dnsName } : {}) };
    return {
      ...known,
      portName: offer.portName,
      ...(offer.discoveryName ? { discoveryName: offer.discoveryName } : {}),
      clientAliases: [first, ...others],
    };
  });
  return { ...kept, enabled: true, ...(draft.namespace ? { namespace: draft.namespace } : {}), services };
}

function common(draft: Draft, mode: NetworkMode | undefined) {
  const network = {
    awsvpcConfiguration: {
      subnets: [...draft.subnets],
      securityGroups: [...draft.groups],
      assignPublicIp: draft.publicIp ? ("ENABLED" as const) : ("DISABLED" as const),
    },
  };
  return {
    taskDefinition: draft.revision ? `${draft.family}:${draft.revision}` : draft.family,
    desiredCount: number(draft.desired),
    deploymentConfiguration: deploymentOf(draft),
    enableExecuteCommand: draft.exec,
    ...(hasOwnNetwork(mode) ? { networkConfiguration: network } : {}),
  };
}

export function createInput(cluster: string, draft: Draft, mode: NetworkMode | undefined): CreateServiceCommandInput {
  return {
    ...common(draft, mode),
    cluster,
    serviceName: draft.name,
    launchType: draft.launchType,
    serviceConnectConfiguration: connectOf(draft, undefined),
    ...(draft.tags.length > 0 ? { tags: [...draft.tags] } : {}),
  };
}

/** Only what the reader changed is sent: what is left out stays, and starts no deployment. */
export function updateInput(cluster: string, service: Service, draft: Draft, mode: NetworkMode | undefined): UpdateServiceCommandInput {
  const first = draftOf(service);
  const before = common(first, mode);
  const after = common(draft, mode);
  const was = primaryOf(service)?.serviceConnectConfiguration;
  const connect = (one: Draft) => JSON.stringify([one.connect, one.namespace, one.connect === "server" ? one.offers.filter((offer) => offer.on) : []]);
  const changed = Object.entries(after).filter(([member, value]) => JSON.stringify(value) !== JSON.stringify(before[member as keyof typeof before]));
  return {
    cluster,
    service: draft.name,
    ...Object.fromEntries(changed),
    ...(connect(draft) === connect(first) ? {} : { serviceConnectConfiguration: connectOf(draft, was) }),
  };
}

/** Whether an update with these members makes a new deployment. */
export function deploysAnew(input: UpdateServiceCommandInput): boolean {
  return input.taskDefinition !== undefined || input.networkConfiguration !== undefined || input.serviceConnectConfiguration !== undefined;
}
