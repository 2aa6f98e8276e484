// Services: read whole, made, changed and deleted.

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
import { MissingError } from "./fault.ts";

const AT_ONCE = 10; // DescribeServices takes no more
const PAGE = 100;
const SIDE_BY_SIDE = 4; // requests under way

/** Every service of a cluster. */
export async function readServices(target: Target, cluster: string, signal: AbortSignal): Promise<Service[]> {
  const client = ecs(target);
  const arns: string[] = [];
  for await (const page of paginateListServices({ client, pageSize: PAGE }, { cluster })) arns.push(...(page.serviceArns ?? []));
  const groups: string[][] = [];
  for (let from = 0; from < arns.length; from += AT_ONCE) groups.push(arns.slice(from, from + AT_ONCE));
  const found: Service[] = [];
  for (let from = 0; from < groups.length; from += SIDE_BY_SIDE) {
    const some = groups.slice(from, from + SIDE_BY_SIDE).map((services) => describe(client, cluster, services, signal));
    found.push(...(await Promise.all(some)).flat());
  }
  return found;
}

/** One service, with its tags. Rejects with MissingError where there is none of the name. */
export async function readService(target: Target, cluster: string, name: string, signal: AbortSignal): Promise<Service> {
  const [service] = await describe(ecs(target), cluster, [name], signal);
  if (!service || service.status === "INACTIVE") throw new MissingError("ServiceNotFoundException", "Service not found.");
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

/** Delete a service and stop its tasks. */
export async function deleteService(target: Target, cluster: string, service: string): Promise<void> {
  await ecs(target).send(new DeleteServiceCommand({ cluster, service, force: true }));
}
