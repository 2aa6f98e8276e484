// Reads, creates, updates and deletes Express services.

import {
  CreateExpressGatewayServiceCommand,
  type CreateExpressGatewayServiceCommandInput,
  DeleteExpressGatewayServiceCommand,
  DescribeExpressGatewayServiceCommand,
  type ECSExpressGatewayService,
  type ECSManagedResources,
  type ListServicesCommandOutput,
  paginateListClusters,
  paginateListServices,
  UpdateExpressGatewayServiceCommand,
  type UpdateExpressGatewayServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { readUnlessGone } from "./apiError.ts";
import { ecsArn, nameOf } from "./arn.ts";
import type { Target } from "./config.ts";
import { readRevisions } from "./deployments.ts";
import { ecs } from "./ecs.ts";
import { mapConcurrently } from "./mapConcurrently.ts";

const PAGE_SIZE = 100;

/** All Express services of the account and Region. */
export async function readExpressServices(target: Target, abortSignal: AbortSignal): Promise<ECSExpressGatewayService[]> {
  const client = ecs(target);
  const arns: string[] = [];
  for await (const { clusterArns = [] } of paginateListClusters({ client, pageSize: PAGE_SIZE }, {}, { abortSignal })) {
    for (const cluster of clusterArns) {
      const pages = paginateListServices({ client, pageSize: PAGE_SIZE }, { cluster: nameOf(cluster), resourceManagementType: "ECS" }, { abortSignal });
      arns.push(...((await readUnlessGone(serviceArnsOf(pages), "ClusterNotFoundException")) ?? []));
    }
  }
  const services = await mapConcurrently(arns, (arn) => readUnlessGone(describe(target, arn, abortSignal), "ResourceNotFoundException", "ClusterNotFoundException"));
  return services.filter((service) => service !== undefined);
}

async function serviceArnsOf(pages: AsyncIterable<ListServicesCommandOutput>): Promise<string[]> {
  const arns: string[] = [];
  for await (const { serviceArns = [] } of pages) arns.push(...serviceArns);
  return arns;
}

/** An Express service with its tags. */
export async function readExpressService(target: Target, cluster: string, name: string, signal: AbortSignal): Promise<ECSExpressGatewayService> {
  return describe(target, serviceArn(target, cluster, name), signal);
}

async function describe(target: Target, arn: string, abortSignal: AbortSignal): Promise<ECSExpressGatewayService> {
  const command = new DescribeExpressGatewayServiceCommand({ serviceArn: arn, include: ["TAGS"] });
  return (await ecs(target).send(command, { abortSignal })).service ?? {};
}

/** The resources that ECS manages for a service, given the ARN of its newest revision. */
export async function readManagedResources(target: Target, revision: string | undefined, signal: AbortSignal): Promise<ECSManagedResources> {
  const [described] = await readRevisions(target, revision === undefined ? [] : [revision], signal);
  return described?.ecsManagedResources ?? {};
}

export async function createExpressService(target: Target, input: CreateExpressGatewayServiceCommandInput): Promise<void> {
  await ecs(target).send(new CreateExpressGatewayServiceCommand(input));
}

export async function updateExpressService(target: Target, input: UpdateExpressGatewayServiceCommandInput): Promise<void> {
  await ecs(target).send(new UpdateExpressGatewayServiceCommand(input));
}

export async function deleteExpressService(target: Target, cluster: string, name: string): Promise<void> {
  await ecs(target).send(new DeleteExpressGatewayServiceCommand({ serviceArn: serviceArn(target, cluster, name) }));
}

function serviceArn(target: Target, cluster: string, name: string): string {
  return ecsArn(target.scope, `service/${cluster}/${name}`);
}
