// Reads the members of all namespaces and meshes: ECS services with their discovery names, virtual nodes and virtual gateways,
// and the load balancers in front of services.

import { type MeshRef, paginateListVirtualGateways, paginateListVirtualNodes } from "@aws-sdk/client-app-mesh";
import { DescribeServicesCommand, paginateListServicesByNamespace, type Service } from "@aws-sdk/client-ecs";
import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { appMesh, readMeshes } from "../../aws/appMesh.ts";
import { groupsOf, readBalancedServices, taskReference } from "../../aws/balancedServices.ts";
import { cloudMap } from "../../aws/cloudMap.ts";
import type { Target } from "../../aws/config.ts";
import { ecs } from "../../aws/ecs.ts";
import { loadBalancerDimension, targetGroupDimension } from "../../aws/elb.ts";
import { readTargetGroups } from "../../aws/targetGroups.ts";
import { readTasks } from "../../aws/tasks.ts";
import { LOAD_BALANCERS, NO_NAMESPACE } from "../model/graph.ts";
import { loadBalancerWorkload, type Member, meshId, workloadId, type WorkloadKind } from "../model/mesh.ts";

const BATCH = 10; // the limit of DescribeServices
const PAGE_SIZE = 100;
const CONCURRENT_REQUESTS = 4;
const MAX_TASKS = 500; // with more running tasks, reading the health of all would take long

/** Every service that uses Service Connect or is behind a load balancer, these load balancers, and every virtual node and virtual gateway. */
export async function readMembers(target: Target, signal: AbortSignal): Promise<Member[]> {
  const [listed, meshes, groups] = await Promise.all([readServices(target, signal), readMeshes(target), readTargetGroups(target)]);
  const services = await withHealth(target, listed, signal);
  const balanced = groups.length === 0 ? [] : await readBalanced(target, services, groups, signal);
  return [...services, ...balanced, ...(await Promise.all(meshes.map((mesh) => readMesh(target, mesh)))).flat()];
}

/** The services with the number of their unhealthy tasks; unchanged if more than MAX_TASKS tasks run. */
async function withHealth(target: Target, services: readonly Member[], signal: AbortSignal): Promise<Member[]> {
  const running = services.reduce((sum, member) => sum + member.running, 0);
  if (running === 0 || running > MAX_TASKS) return [...services];
  const unhealthy = new Map<string, number>();
  for (const cluster of new Set(services.map(({ workload }) => workload.cluster))) {
    for (const task of await readTasks(target, { cluster, desiredStatus: "RUNNING" }, signal)) {
      const id = `${cluster}/${taskReference(task).service ?? ""}`;
      if (task.healthStatus === "UNHEALTHY") unhealthy.set(id, (unhealthy.get(id) ?? 0) + 1);
    }
  }
  return services.map((member) => ({ ...member, unhealthy: unhealthy.get(workloadId(member.workload)) ?? 0 }));
}

/** The load balancers in front of services, and the services behind them that are in no namespace. */
async function readBalanced(target: Target, connected: readonly Member[], groups: readonly TargetGroup[], signal: AbortSignal): Promise<Member[]> {
  const ids = new Set(connected.map(({ workload }) => workloadId(workload)));
  const unconnected = (await readBalancedServices(target, signal)).map((service) => serviceMember(service, NO_NAMESPACE)).filter(({ workload }) => !ids.has(workloadId(workload)));
  const services = [...connected, ...unconnected];
  const byBalancer = new Map<string, string[]>();
  for (const { LoadBalancerArns = [], TargetGroupArn } of groups) {
    for (const arn of LoadBalancerArns) byBalancer.set(arn, [...(byBalancer.get(arn) ?? []), targetGroupDimension(TargetGroupArn)]);
  }
  const balancers = [...byBalancer].flatMap(([arn, targetGroups]): Member[] => {
    const servicesBehind = services.filter((member) => member.targetGroups?.some((group) => targetGroups.includes(group)));
    const [namespace = NO_NAMESPACE, ...otherNamespaces] = new Set(servicesBehind.map((member) => member.namespace));
    const workload = loadBalancerWorkload(loadBalancerDimension(arn));
    const place = otherNamespaces.length === 0 ? namespace : LOAD_BALANCERS;
    return servicesBehind.length === 0 ? [] : [{ workload, namespace: place, discoveryNames: [], targetGroups, deploying: false, running: 0, desired: 0, subnets: [] }];
  });
  return [...unconnected, ...balancers];
}

async function readServices(target: Target, signal: AbortSignal): Promise<Member[]> {
  const batches: { cluster: string; namespace: string; services: string[] }[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) {
    for (const namespace of page.Namespaces ?? []) {
      const byCluster = await listServices(target, namespace.Arn ?? "");
      for (const [cluster, services] of byCluster) {
        for (let first = 0; first < services.length; first += BATCH) {
          batches.push({ cluster, namespace: namespace.Name ?? "", services: services.slice(first, first + BATCH) });
        }
      }
    }
  }
  const members: Member[] = [];
  const describeBatches = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      const { cluster, namespace, services } = batch;
      const response = await ecs(target).send(new DescribeServicesCommand({ cluster, services }), { abortSignal: signal });
      members.push(...(response.services ?? []).map((service) => serviceMember(service, namespace)));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, describeBatches));
  return members;
}

/** ARNs of a namespace's services, by cluster. */
async function listServices(target: Target, namespace: string): Promise<Map<string, string[]>> {
  const byCluster = new Map<string, string[]>();
  for await (const page of paginateListServicesByNamespace({ client: ecs(target), pageSize: PAGE_SIZE }, { namespace })) {
    for (const arn of page.serviceArns ?? []) {
      const cluster = arn.split("/").at(-2) ?? "";
      byCluster.set(cluster, [...(byCluster.get(cluster) ?? []), arn]);
    }
  }
  return byCluster;
}

function serviceMember(service: Service, namespace: string): Member {
  const deployments = service.deployments ?? [];
  const names = deployments.flatMap((d) => (d.serviceConnectResources ?? []).map((r) => r.discoveryName ?? ""));
  const configuration = deployments[0]?.serviceConnectConfiguration;
  const group = configuration?.accessLogConfiguration && configuration.logConfiguration?.options?.["awslogs-group"];
  return {
    workload: { kind: "service", cluster: service.clusterArn?.split("/").at(-1) ?? "", service: service.serviceName ?? "" },
    namespace,
    discoveryNames: [...new Set(names)].sort(),
    targetGroups: (service.loadBalancers ?? []).flatMap(groupsOf).map(targetGroupDimension),
    deploying: deployments.some((d) => d.rolloutState === "IN_PROGRESS"),
    running: service.runningCount ?? 0,
    desired: service.desiredCount ?? 0,
    subnets: (deployments[0]?.networkConfiguration ?? service.networkConfiguration)?.awsvpcConfiguration?.subnets ?? [],
    ...(group ? { accessLog: group } : {}),
  };
}

async function readMesh(target: Target, { meshName, meshOwner }: MeshRef): Promise<Member[]> {
  const members: Member[] = [];
  const add = (kind: WorkloadKind, name = "") => members.push(meshMember(meshName ?? "", kind, name));
  const [paging, mesh] = [{ client: appMesh(target) }, { meshName, meshOwner }];
  for await (const page of paginateListVirtualGateways(paging, mesh)) {
    for (const gateway of page.virtualGateways ?? []) add("virtualGateway", gateway.virtualGatewayName);
  }
  for await (const page of paginateListVirtualNodes(paging, mesh)) {
    for (const node of page.virtualNodes ?? []) add("virtualNode", node.virtualNodeName);
  }
  return members;
}

/** A member of a mesh. Its tasks are not counted, because no API operation lists the tasks of a virtual node. */
export function meshMember(mesh: string, kind: WorkloadKind, name: string): Member {
  const workload = { kind, cluster: mesh, service: name };
  return { workload, namespace: meshId(mesh), discoveryNames: [], deploying: false, running: 0, desired: 0, subnets: [] };
}
