// The values of the form of an Express service, and the API requests for them. Validation is left to the API.

import type {
  CreateExpressGatewayServiceCommandInput,
  ECSExpressGatewayService,
  ExpressCpuArchitecture,
  ExpressGatewayContainer,
  ExpressGatewayServiceScalingMetric,
  UpdateExpressGatewayServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { roleArn } from "../../aws/arn.ts";
import type { Tags } from "../../aws/tags.ts";
import { toNumber } from "../services/draft.ts";
import { configurationOf } from "./configuration.ts";

export interface ExpressDraft {
  readonly name: string;
  readonly cluster: string;
  readonly infrastructureRole: string;
  readonly executionRole: string;
  readonly taskRole: string;
  readonly image: string;
  readonly port: string;
  readonly healthCheckPath: string;
  /** One word per line. */
  readonly command: string;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  /** Environment variables, each with the ARN of the secret or parameter that holds its value. */
  readonly secrets: readonly { readonly name: string; readonly value: string }[];
  /** The secret with the credentials of the image's registry. */
  readonly credentials: string;
  readonly logGroup: string;
  readonly logPrefix: string;
  readonly architecture: ExpressCpuArchitecture | "";
  readonly cpu: string;
  readonly memory: string;
  readonly minimum: string;
  readonly maximum: string;
  readonly metric: ExpressGatewayServiceScalingMetric;
  readonly targetValue: string;
  readonly subnets: readonly string[];
  readonly groups: readonly string[];
  readonly tags: Tags;
}

/** The values that the API uses for members that a request leaves out. */
const DEFAULTS = { port: "80", healthCheckPath: "/ping", cpu: "256", memory: "512", architecture: "X86_64", minimum: "1", maximum: "20", targetValue: "60" } as const;

/** A new service with the roles that AWS's console creates, and the defaults of the API. */
export function newExpressDraft(scope: { readonly account: string; readonly region: string }): ExpressDraft {
  return {
    name: "",
    cluster: "",
    infrastructureRole: roleArn(scope, "ecsInfrastructureRoleForExpressServices"),
    executionRole: roleArn(scope, "ecsTaskExecutionRole"),
    taskRole: "",
    image: "",
    command: "",
    environment: [],
    secrets: [],
    credentials: "",
    logGroup: "",
    logPrefix: "",
    metric: "AVERAGE_CPU",
    ...DEFAULTS,
    subnets: [],
    groups: [],
    tags: [],
  };
}

/** The draft with the newest configuration of a service. */
export function expressDraftOf(service: ECSExpressGatewayService): ExpressDraft {
  const { primaryContainer: container, scalingTarget: scaling, networkConfiguration: network, ...configuration } = configurationOf(service);
  return {
    name: service.serviceName ?? "",
    cluster: service.cluster ?? "",
    infrastructureRole: service.infrastructureRoleArn ?? "",
    executionRole: configuration.executionRoleArn ?? "",
    taskRole: configuration.taskRoleArn ?? "",
    image: container?.image ?? "",
    port: String(container?.containerPort ?? ""),
    healthCheckPath: configuration.healthCheckPath ?? "",
    command: (container?.command ?? []).join("\n"),
    environment: (container?.environment ?? []).map(({ name = "", value = "" }) => ({ name, value })),
    secrets: (container?.secrets ?? []).map(({ name = "", valueFrom = "" }) => ({ name, value: valueFrom })),
    credentials: container?.repositoryCredentials?.credentialsParameter ?? "",
    logGroup: container?.awsLogsConfiguration?.logGroup ?? "",
    logPrefix: container?.awsLogsConfiguration?.logStreamPrefix ?? "",
    architecture: configuration.cpuArchitecture ?? "",
    cpu: configuration.cpu ?? "",
    memory: configuration.memory ?? "",
    minimum: String(scaling?.minTaskCount ?? ""),
    maximum: String(scaling?.maxTaskCount ?? ""),
    metric: scaling?.autoScalingMetric ?? "AVERAGE_CPU",
    targetValue: String(scaling?.autoScalingTargetValue ?? ""),
    subnets: network?.subnets ?? [],
    groups: network?.securityGroups ?? [],
    tags: service.tags ?? [],
  };
}

type Settings = Omit<UpdateExpressGatewayServiceCommandInput, "serviceArn">;

export function createExpressInput(draft: ExpressDraft): CreateExpressGatewayServiceCommandInput {
  return {
    infrastructureRoleArn: draft.infrastructureRole,
    ...(draft.name ? { serviceName: draft.name } : {}),
    ...(draft.cluster ? { cluster: draft.cluster } : {}),
    ...settings(draft, undefined),
    ...(draft.tags.length > 0 ? { tags: [...draft.tags] } : {}),
  };
}

/** The field of a role that the draft removes from the service, which the API cannot do; null without one. */
export function removedRole(service: ECSExpressGatewayService, draft: ExpressDraft): ExpressField | null {
  const former = expressDraftOf(service);
  if (former.executionRole && !draft.executionRole) return "executionRoleArn";
  return former.taskRole && !draft.taskRole ? "taskRoleArn" : null;
}

/**
 * The request with only the changed members; a cleared field sends its default. The API replaces the container as a whole, so
 * the request repeats the members that the form does not show.
 */
export function updateExpressInput(service: ECSExpressGatewayService, draft: ExpressDraft): UpdateExpressGatewayServiceCommandInput {
  const container = configurationOf(service).primaryContainer;
  const former = expressDraftOf(service);
  const before = settings(former, container);
  const after = Object.entries(settings(withDefaults(former, draft), container));
  if (draft.subnets.length + draft.groups.length === 0) after.push(["networkConfiguration", before.networkConfiguration && { subnets: [], securityGroups: [] }]);
  const changed = after.filter(([member, value]) => JSON.stringify(value) !== JSON.stringify(before[member as keyof Settings]));
  return { serviceArn: service.serviceArn, ...Object.fromEntries(changed) };
}

/** The draft with the default in each field that the user has cleared. */
function withDefaults(former: ExpressDraft, draft: ExpressDraft): ExpressDraft {
  const cleared = Object.entries(DEFAULTS).filter(([field]) => former[field as keyof typeof DEFAULTS] && draft[field as keyof typeof DEFAULTS].trim() === "");
  return { ...draft, ...Object.fromEntries(cleared) };
}

function settings(draft: ExpressDraft, container: ExpressGatewayContainer | undefined): Settings {
  const { command: _, environment: __, secrets: ___, repositoryCredentials: ____, awsLogsConfiguration: _____, ...others } = container ?? {};
  const words = draft.command.split("\n").filter((word) => word !== "");
  return {
    primaryContainer: {
      ...others,
      image: draft.image,
      ...(draft.port ? { containerPort: Number(draft.port) } : {}),
      ...(words.length > 0 ? { command: words } : {}),
      ...(draft.environment.length > 0 ? { environment: draft.environment.map((variable) => ({ ...variable })) } : {}),
      ...(draft.secrets.length > 0 ? { secrets: draft.secrets.map(({ name, value }) => ({ name, valueFrom: value })) } : {}),
      ...(draft.credentials ? { repositoryCredentials: { credentialsParameter: draft.credentials } } : {}),
      ...(draft.logGroup || draft.logPrefix ? { awsLogsConfiguration: { logGroup: draft.logGroup || undefined, logStreamPrefix: draft.logPrefix || undefined } } : {}),
    },
    ...(draft.executionRole ? { executionRoleArn: draft.executionRole } : {}),
    ...(draft.taskRole ? { taskRoleArn: draft.taskRole } : {}),
    ...(draft.healthCheckPath ? { healthCheckPath: draft.healthCheckPath } : {}),
    ...(draft.cpu ? { cpu: draft.cpu } : {}),
    ...(draft.memory ? { memory: draft.memory } : {}),
    ...(draft.architecture ? { cpuArchitecture: draft.architecture } : {}),
    scalingTarget: {
      minTaskCount: toNumber(draft.minimum),
      maxTaskCount: toNumber(draft.maximum),
      autoScalingMetric: draft.metric,
      autoScalingTargetValue: toNumber(draft.targetValue),
    },
    ...(draft.subnets.length + draft.groups.length > 0 ? { networkConfiguration: { subnets: [...draft.subnets], securityGroups: [...draft.groups] } } : {}),
  };
}

const FIELDS = ["infrastructureRoleArn", "executionRoleArn", "taskRoleArn", "serviceName", "cluster", "image", "containerPort", "healthCheckPath", "cpu", "memory", "logGroup", "logStreamPrefix", "credentialsParameter", "subnets", "securityGroups"] as const;

export type ExpressField = (typeof FIELDS)[number];

/** The field that an error of the API is about; null if it is about none or several. */
export function expressFieldOf(message: string): ExpressField | null {
  const [, first, only = ""] = /^([A-Za-z.]+)|^1 validation error detected: .* at '([A-Za-z.]+)'/.exec(message) ?? [];
  const name = (first ?? only).replace(/\.$/, "").split(".").at(-1);
  return FIELDS.find((field) => field === name) ?? null;
}
