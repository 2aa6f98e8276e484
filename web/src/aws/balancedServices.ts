// The ECS services and the tasks behind target groups.

import type { LoadBalancer as ServiceLoadBalancer, Service, Task } from "@aws-sdk/client-ecs";
import type { TargetDescription, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { clusterOf, nameOf } from "./arn.ts";
import { readClusters } from "./clusters.ts";
import type { Target } from "./config.ts";
import { readContainerInstances } from "./containerInstances.ts";
import { readServices } from "./services.ts";
import { readTasks } from "./tasks.ts";

/** All services that name a target group. The API finds services by cluster only, so this reads those of every cluster. */
export async function readBalancedServices(target: Target, signal: AbortSignal): Promise<Service[]> {
  const services: Service[] = [];
  for (const { clusterName } of await readClusters(target, signal)) services.push(...(await readServices(target, clusterName ?? "", signal)));
  return services.filter(({ loadBalancers }) => loadBalancers?.length);
}

/** The ARNs of the target groups that an entry of `loadBalancers` registers tasks in: two where deployments move between them. */
export function groupsOf({ targetGroupArn, advancedConfiguration }: ServiceLoadBalancer): string[] {
  return [targetGroupArn, advancedConfiguration?.alternateTargetGroupArn].filter((arn) => arn !== undefined);
}

/** The entry of a service's `loadBalancers` that a target group belongs to. */
export function entryOf(service: Service, group: string | undefined): ServiceLoadBalancer | undefined {
  return service.loadBalancers?.find((entry) => groupsOf(entry).some((arn) => arn === group));
}

/** The tasks of the services that register in a target group, by the `targetKey` of each target that a task can have. */
export async function readTargetTasks(target: Target, group: TargetGroup, services: readonly Service[], signal: AbortSignal): Promise<ReadonlyMap<string, Task>> {
  const tasks = new Map<string, Task>();
  for (const service of services.filter((candidate) => entryOf(candidate, group.TargetGroupArn))) {
    const cluster = nameOf(service.clusterArn);
    const filter = { cluster, serviceName: service.serviceName ?? "" };
    const stopping = await readTasks(target, { ...filter, desiredStatus: "STOPPED" }, signal); // some of them still drain
    const live = [...stopping.filter(({ lastStatus }) => lastStatus !== "STOPPED"), ...(await readTasks(target, { ...filter, desiredStatus: "RUNNING" }, signal))];
    const keysOf = group.TargetType === "ip" ? addressKeys : await hostPortKeys(target, cluster, signal);
    for (const task of live) for (const key of keysOf(task)) tasks.set(key, task);
  }
  return tasks;
}

/** The key by which the task of a target is found: the IP address, or the container instance with the host port. */
export function targetKey(group: TargetGroup, registered: TargetDescription | undefined): string {
  return group.TargetType === "ip" ? (registered?.Id ?? "") : `${registered?.Id ?? ""}:${registered?.Port ?? 0}`;
}

function addressKeys(task: Task): string[] {
  const details = (task.attachments ?? []).flatMap((attachment) => attachment.details ?? []);
  return details.flatMap(({ name, value }) => (name === "privateIPv4Address" && value !== undefined ? [value] : []));
}

async function hostPortKeys(target: Target, cluster: string, signal: AbortSignal): Promise<(task: Task) => string[]> {
  const instances = await readContainerInstances(target, cluster, signal);
  const ids = new Map(instances.map(({ containerInstanceArn, ec2InstanceId }) => [containerInstanceArn, ec2InstanceId]));
  return (task) => {
    const id = ids.get(task.containerInstanceArn);
    const bindings = (task.containers ?? []).flatMap(({ networkBindings }) => networkBindings ?? []);
    return id === undefined ? [] : bindings.map(({ hostPort }) => `${id}:${hostPort ?? 0}`);
  };
}

/** The cluster, the id and the service of a task. */
export function taskReference({ taskArn, group }: Task): { cluster: string; task: string; service: string | undefined } {
  return { cluster: clusterOf(taskArn), task: nameOf(taskArn), service: group?.startsWith("service:") ? group.slice("service:".length) : undefined };
}
