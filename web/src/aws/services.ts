// Reads, creates, updates and deletes services.

import {
  CreateServiceCommand,
  type CreateServiceCommandInput,
  DeleteServiceCommand,
  DescribeServicesCommand,
  type ECSClient,
  paginateListServices,
  type Service,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { NotFoundError } from "./apiError.ts";
import { mapConcurrently } from "./mapConcurrently.ts";

const BATCH = 10; // the limit of DescribeServices
const PAGE_SIZE = 100;

/** All services of a cluster. */
export async function readServices(target: Target, cluster: string, signal: AbortSignal): Promise<Service[]> {
  const client = ecs(target);
  const arns: string[] = [];
  for await (const page of paginateListServices({ client, pageSize: PAGE_SIZE }, { cluster })) arns.push(...(page.serviceArns ?? []));
  const batches: string[][] = [];
  for (let from = 0; from < arns.length; from += BATCH) batches.push(arns.slice(from, from + BATCH));
  return (await mapConcurrently(batches, (batch) => describe(client, cluster, batch, signal))).flat();
}

/** A service with its tags. Rejects with NotFoundError if there is no service of this name. */
export async function readService(target: Target, cluster: string, name: string, signal: AbortSignal): Promise<Service> {
  const [service] = await describe(ecs(target), cluster, [name], signal);
  if (!service || service.status === "INACTIVE") throw new NotFoundError("ServiceNotFoundException", "Service not found.");
  return service;
}

async function describe(client: ECSClient, cluster: string, services: string[], abortSignal: AbortSignal): Promise<Service[]> {
  const command = new DescribeServicesCommand({ cluster, services, include: ["TAGS"] });
  return (await client.send(command, { abortSignal })).services ?? [];
}

export async function createService(target: Target, input: CreateServiceCommandInput): Promise<void> {
  await ecs(target).send(new CreateServiceCommand(input));
}

export async function updateService(target: Target, input: UpdateServiceCommandInput): Promise<void> {
  await ecs(target).send(new UpdateServiceCommand(input));
}

/** Deletes a service and stops its tasks. */
export async function deleteService(target: Target, cluster: string, service: string): Promise<void> {
  await ecs(target).send(new DeleteServiceCommand({ cluster, service, force: true }));
}
