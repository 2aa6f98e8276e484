// Container instances of a cluster: the machines that tasks of EC2 and EXTERNAL run on.

import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  paginateListContainerInstances,
  UpdateContainerInstancesStateCommand,
} from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";

const AT_ONCE = 100; // DescribeContainerInstances takes no more

/** Every container instance of a cluster that has not been deregistered. */
export async function readContainerInstances(target: Target, cluster: string, abortSignal: AbortSignal): Promise<ContainerInstance[]> {
  const client = ecs(target);
  const found: ContainerInstance[] = [];
  for await (const page of paginateListContainerInstances({ client, pageSize: AT_ONCE }, { cluster })) {
    if (!page.containerInstanceArns?.length) continue;
    const command = new DescribeContainerInstancesCommand({ cluster, containerInstances: page.containerInstanceArns });
    found.push(...((await client.send(command, { abortSignal })).containerInstances ?? []));
  }
  return found;
}

/** Drain an instance, or let it take tasks again. What the API lists as a failure rejects. */
export async function setInstanceState(target: Target, cluster: string, instance: string, status: "ACTIVE" | "DRAINING"): Promise<void> {
  const command = new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [instance], status });
  const [failure] = (await ecs(target).send(command)).failures ?? [];
  if (failure) throw Object.assign(new Error(failure.detail ?? failure.arn ?? instance), { name: failure.reason ?? "Failure" });
}
