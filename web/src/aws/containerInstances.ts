// Reads and drains the container instances of a cluster.

import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  paginateListContainerInstances,
  UpdateContainerInstancesStateCommand,
} from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";

const PAGE_SIZE = 100; // the limit of DescribeContainerInstances

/** All registered container instances of a cluster. */
export async function readContainerInstances(target: Target, cluster: string, abortSignal: AbortSignal): Promise<ContainerInstance[]> {
  const client = ecs(target);
  const instances: ContainerInstance[] = [];
  for await (const page of paginateListContainerInstances({ client, pageSize: PAGE_SIZE }, { cluster })) {
    if (!page.containerInstanceArns?.length) continue;
    const command = new DescribeContainerInstancesCommand({ cluster, containerInstances: page.containerInstanceArns });
    instances.push(...((await client.send(command, { abortSignal })).containerInstances ?? []));
  }
  return instances;
}

/** Drains or activates an instance. Rejects if the API lists a failure. */
export async function setInstanceState(target: Target, cluster: string, instance: string, status: "ACTIVE" | "DRAINING"): Promise<void> {
  const command = new UpdateContainerInstancesStateCommand({ cluster, containerInstances: [instance], status });
  const [failure] = (await ecs(target).send(command)).failures ?? [];
  if (failure) throw Object.assign(new Error(failure.detail ?? failure.arn ?? instance), { name: failure.reason ?? "Failure" });
}
