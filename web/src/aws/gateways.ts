// Reads, creates and deletes gateways of services, and associates them with clusters.

import {
  AssociateGatewayWithClusterCommand,
  CreateGatewayCommand,
  type CreateGatewayCommandInput,
  DeleteGatewayCommand,
  DescribeGatewayCommand,
  DescribeGatewayResourcesCommand,
  DescribeGatewayRouteCommand,
  DisassociateGatewayFromClusterCommand,
  type ElbGatewayResources,
  type Gateway,
  type GatewayClusterAssociationSummary,
  type GatewayRoute,
  type GatewaySummary,
  paginateListGatewayClusterAssociations,
  paginateListGatewayRoutes,
  paginateListGateways,
  UpdateGatewayCommand,
} from "@aws-sdk/client-ecs";
import { readUnlessGone } from "./apiError.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { mapConcurrently } from "./mapConcurrently.ts";

/** All gateways of the account and Region. */
export async function readGateways(target: Target, abortSignal: AbortSignal): Promise<GatewaySummary[]> {
  const gateways: GatewaySummary[] = [];
  for await (const page of paginateListGateways({ client: ecs(target) }, {}, { abortSignal })) gateways.push(...(page.gateways ?? []));
  return gateways;
}

export async function readGateway(target: Target, gateway: string, abortSignal: AbortSignal): Promise<Gateway> {
  return (await ecs(target).send(new DescribeGatewayCommand({ gateway }), { abortSignal })).gateway ?? {};
}

/** The routes of a gateway: one for each service that has joined it. */
export async function readGatewayRoutes(target: Target, gateway: string, abortSignal: AbortSignal): Promise<GatewayRoute[]> {
  const client = ecs(target);
  const arns: string[] = [];
  for await (const page of paginateListGatewayRoutes({ client }, { gateway }, { abortSignal })) {
    arns.push(...(page.gatewayRoutes ?? []).flatMap(({ gatewayRouteArn }) => gatewayRouteArn ?? []));
  }
  const answers = await mapConcurrently(arns, (gatewayRouteArn) => readUnlessGone(client.send(new DescribeGatewayRouteCommand({ gatewayRouteArn }), { abortSignal }), "ResourceNotFoundException"));
  return answers.flatMap((answer) => answer?.gatewayRoute ?? []);
}

/** The load balancers that the services of a gateway share. */
export async function readGatewayBalancers(target: Target, gateway: string, abortSignal: AbortSignal): Promise<ElbGatewayResources[]> {
  const balancers: ElbGatewayResources[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs(target).send(new DescribeGatewayResourcesCommand({ gateway, nextToken }), { abortSignal });
    balancers.push(...(page.gatewayResources?.resources?.hostSharedAlb ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return balancers;
}

export async function readGatewayAssociations(target: Target, gateway: string, abortSignal: AbortSignal): Promise<GatewayClusterAssociationSummary[]> {
  const associations: GatewayClusterAssociationSummary[] = [];
  for await (const page of paginateListGatewayClusterAssociations({ client: ecs(target) }, { gateway }, { abortSignal })) associations.push(...(page.gatewayClusterAssociations ?? []));
  return associations;
}

export async function associateGateway(target: Target, gateway: string, cluster: string): Promise<void> {
  await ecs(target).send(new AssociateGatewayWithClusterCommand({ gateway, cluster }));
}

export async function disassociateGateway(target: Target, gateway: string, cluster: string): Promise<void> {
  await ecs(target).send(new DisassociateGatewayFromClusterCommand({ gateway, cluster }));
}

export async function createGateway(target: Target, input: CreateGatewayCommandInput): Promise<void> {
  await ecs(target).send(new CreateGatewayCommand(input));
}

export async function setDeletionProtection(target: Target, gateway: string, deletionProtection: boolean): Promise<void> {
  await ecs(target).send(new UpdateGatewayCommand({ gateway, deletionProtection }));
}

export async function deleteGateway(target: Target, gateway: string): Promise<void> {
  await ecs(target).send(new DeleteGatewayCommand({ gateway }));
}
