// Who takes part where: which services in which namespace, with what each offers, and what is in which mesh.

import { type MeshRef, paginateListVirtualGateways, paginateListVirtualNodes } from "@aws-sdk/client-app-mesh";
import { DescribeServicesCommand, paginateListServicesByNamespace, type Service } from "@aws-sdk/client-ecs";
import { paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { appMesh, readMeshes } from "../aws/appMesh.ts";
import { cloudMap } from "../aws/cloudMap.ts";
import type { Target } from "../aws/config.ts";
import { ecs } from "../aws/ecs.ts";
import { type Member, meshId, type PartyKind } from "./values.ts";

const AT_ONCE = 10; // DescribeServices takes no more
const PAGE = 100;
const REQUESTS_AT_ONCE = 4;

/** Every service that Service Connect ties to a namespace, and every virtual node and virtual gateway. */
export async function readMembers(target: Target, signal: AbortSignal): Promise<Member[]> {
  const [services, meshes] = await Promise.all([readServices(target, signal), readMeshes(target)]);
  return [...services, ...(await Promise.all(meshes.map((mesh) => readMesh(target, mesh)))).flat()];
}

async function readServices(target: Target, signal: AbortSignal): Promise<Member[]> {
  const batches: { cluster: string; namespace: string; services: string[] }[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) {
    for (const namespace of page.Namespaces ?? []) {
      const byCluster = await servicesOf(target, namespace.Arn ?? "");
      for (const [cluster, services] of byCluster) {
        for (let first = 0; first < services.length; first += AT_ONCE) {
          batches.push({ cluster, namespace: namespace.Name ?? "", services: services.slice(first, first + AT_ONCE) });
        }
      }
    }
  }
  const found: Member[] = [];
  const work = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const { cluster, namespace, services } = batch;
      const answer = await ecs(target).send(new DescribeServicesCommand({ cluster, services }), { abortSignal: signal });
      found.push(...(answer.services ?? []).map((service) => memberOf(service, namespace)));
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, work));
  return found;
}

async function servicesOf(target: Target, namespace: string): Promise<Map<string, string[]>> {
  const byCluster = new Map<string, string[]>();
  for await (const page of paginateListServicesByNamespace({ client: ecs(target), pageSize: PAGE }, { namespace })) {
    for (const arn of page.serviceArns ?? []) {
      const cluster = arn.split("/").at(-2) ?? "";
      byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), arn]);
    }
  }
  return byCluster;
}

export function memberOf(service: Service, namespace: string): Member {
  const deployments = service.deployments ?? [];
  const offers = deployments.flatMap((d) => (d.serviceConnectResources ?? []).map((r) => r.discoveryName ?? ""));
  const configuration = deployments[0]?.serviceConnectConfiguration;
  const group = configuration?.accessLogConfiguration && configuration.logConfiguration?.options?.["awslogs-group"];
  return {
    party: { kind: "service", cluster: service.clusterArn?.split("/").at(-1) ?? "", service: service.serviceName ?? "" },
    namespace,
    offers: [...new Set(offers)].sort(),
    deploying: deployments.some((d) => d.rolloutState === "IN_PROGRESS"),
    running: service.runningCount ?? 0,
    desired: service.desiredCount ?? 0,
    subnets: (deployments[0]?.networkConfiguration ?? service.networkConfiguration)?.awsvpcConfiguration?.subnets ?? [],
    ...(group ? { accessLog: group } : {}),
  };
}

async function readMesh(target: Target, { meshName, meshOwner }: MeshRef): Promise<Member[]> {
  const found: Member[] = [];
  const add = (kind: PartyKind, name = "") => found.push(inMesh(meshName ?? "", kind, name));
  const [paging, mesh] = [{ client: appMesh(target) }, { meshName, meshOwner }];
  for await (const page of paginateListVirtualGateways(paging, mesh)) {
    for (const gateway of page.virtualGateways ?? []) add("virtualGateway", gateway.virtualGatewayName);
  }
  for await (const page of paginateListVirtualNodes(paging, mesh)) {
    for (const node of page.virtualNodes ?? []) add("virtualNode", node.virtualNodeName);
  }
  return found;
}

/** Tasks are not counted: of which a node is made, no operation says. */
export function inMesh(mesh: string, kind: PartyKind, name: string): Member {
  const party = { kind, cluster: mesh, service: name };
  return { party, namespace: meshId(mesh), offers: [], deploying: false, running: 0, desired: 0, subnets: [] };
}
