// Reads Cloud Map services, and registers and deregisters their instances.

import {
  DeregisterInstanceCommand,
  GetOperationCommand,
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
import { NotFoundError } from "./apiError.ts";

const POLL_INTERVAL = 250; // ms
const MAX_POLLS = 120; // after half a minute the page shows the result whenever there is one

/** All services of a namespace, given its id. */
export async function readDiscoveryServices(target: Target, namespace: string): Promise<ServiceSummary[]> {
  const services: ServiceSummary[] = [];
  const input = { Filters: [{ Name: "NAMESPACE_ID" as const, Values: [namespace] }] };
  for await (const page of paginateListServices({ client: cloudMap(target) }, input)) services.push(...(page.Services ?? []));
  return services;
}

export async function readDiscoveryService(target: Target, id: string, abortSignal: AbortSignal): Promise<Service> {
  const { Service: service } = await cloudMap(target).send(new GetServiceCommand({ Id: id }), { abortSignal });
  if (!service) throw new NotFoundError("ServiceNotFound", "Service not found.");
  return service;
}

/** An instance, with its health: `HEALTHY`, `UNHEALTHY`, or `UNKNOWN` without a health check. */
export interface Instance extends InstanceSummary {
  readonly health: string | undefined;
}

/** All instances of a service, including unhealthy ones. */
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
  return instances.map((instance) => ({ ...instance, health: health.get(instance.Id ?? "") }));
}

/** Registers an instance and waits until the operation has finished. */
export async function registerInstance(target: Target, service: string, id: string, attributes: Record<string, string>): Promise<void> {
  const command = new RegisterInstanceCommand({ ServiceId: service, InstanceId: id, Attributes: attributes });
  await waitForOperation(target, (await cloudMap(target).send(command)).OperationId);
}

/** Deregisters an instance and waits until the operation has finished. */
export async function deregisterInstance(target: Target, service: string, id: string): Promise<void> {
  const command = new DeregisterInstanceCommand({ ServiceId: service, InstanceId: id });
  await waitForOperation(target, (await cloudMap(target).send(command)).OperationId);
}

/** Waits until an operation has finished. Rejects with the operation's error if it fails. */
async function waitForOperation(target: Target, id: string | undefined): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll += 1) {
    const { Operation: operation } = await cloudMap(target).send(new GetOperationCommand({ OperationId: id }));
    if (operation?.Status === "SUCCESS") return;
    if (operation?.Status === "FAIL") throw Object.assign(new Error(operation.ErrorMessage ?? ""), { name: operation.ErrorCode ?? "OperationFailed" });
    await new Promise((resolve) => { setTimeout(resolve, POLL_INTERVAL); });
  }
}
