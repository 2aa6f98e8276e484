// Services of Cloud Map and their instances.

import {
  DeregisterInstanceCommand,
  GetServiceCommand,
  type InstanceSummary,
  paginateGetInstancesHealthStatus,
  paginateListInstances,
  paginateListServices,
  RegisterInstanceCommand,
  type Service,
  type ServiceSummary,
} from "@aws-sdk/client-servicediscovery";
import { cloudMap } from "./cloudMap.ts";
import type { Target } from "./config.ts";
import { MissingError } from "./fault.ts";
import { operationDone } from "./operations.ts";

/** Every service of a namespace, given the namespace's id. */
export async function readDiscoveryServices(target: Target, namespace: string): Promise<ServiceSummary[]> {
  const found: ServiceSummary[] = [];
  const input = { Filters: [{ Name: "NAMESPACE_ID" as const, Values: [namespace] }] };
  for await (const page of paginateListServices({ client: cloudMap(target) }, input)) found.push(...(page.Services ?? []));
  return found;
}

export async function readDiscoveryService(target: Target, id: string, abortSignal: AbortSignal): Promise<Service> {
  const { Service: found } = await cloudMap(target).send(new GetServiceCommand({ Id: id }), { abortSignal });
  if (!found) throw new MissingError("ServiceNotFound", "Service not found.");
  return found;
}

/** An instance, with its health: `HEALTHY`, `UNHEALTHY`, or `UNKNOWN` where nobody checks. */
export interface Instance extends InstanceSummary {
  readonly health: string | undefined;
}

/** Every instance of a service, the unhealthy as well. */
export async function readInstances(target: Target, service: string): Promise<Instance[]> {
  const client = cloudMap(target);
  const instances: InstanceSummary[] = [];
  const health = new Map<string, string>();
  const list = async () => {
    for await (const page of paginateListInstances({ client }, { ServiceId: service })) instances.push(...(page.Instances ?? []));
  };
  const check = async () => {
    for await (const page of paginateGetInstancesHealthStatus({ client }, { ServiceId: service })) {
      for (const [id, status] of Object.entries(page.Status ?? {})) health.set(id, status);
    }
  };
  await Promise.all([list(), check()]);
  return instances.map((one) => ({ ...one, health: health.get(one.Id ?? "") }));
}

/** Registers an instance; done when the operation is. */
export async function registerInstance(target: Target, service: string, id: string, attributes: Record<string, string>): Promise<void> {
  const command = new RegisterInstanceCommand({ ServiceId: service, InstanceId: id, Attributes: attributes });
  await operationDone(target, (await cloudMap(target).send(command)).OperationId);
}

/** Deregisters an instance; done when the operation is. */
export async function deregisterInstance(target: Target, service: string, id: string): Promise<void> {
  const command = new DeregisterInstanceCommand({ ServiceId: service, InstanceId: id });
  await operationDone(target, (await cloudMap(target).send(command)).OperationId);
}
