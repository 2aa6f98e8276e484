// Clusters, read whole.

import { type Cluster, DescribeClustersCommand, paginateListClusters } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";

const AT_ONCE = 100; // DescribeClusters takes no more

/** Every cluster of the scope, with settings, statistics and tags. */
export async function readClusters(target: Target, signal: AbortSignal): Promise<Cluster[]> {
  const client = ecs(target);
  const found: Cluster[] = [];
  for await (const page of paginateListClusters({ client, pageSize: AT_ONCE }, {})) {
    found.push(...(await describe(target, page.clusterArns ?? [], signal)));
  }
  return found;
}

async function describe(target: Target, clusters: string[], abortSignal: AbortSignal): Promise<Cluster[]> {
  if (clusters.length === 0) return [];
  const command = new DescribeClustersCommand({ clusters, include: ["SETTINGS", "CONFIGURATIONS", "TAGS", "STATISTICS"] });
  return (await ecs(target).send(command, { abortSignal })).clusters ?? [];
}
