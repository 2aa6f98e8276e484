// Clusters, read whole and written as AWS's own console does.

import {
  type Cluster,
  CreateClusterCommand,
  type CreateClusterCommandInput,
  DeleteClusterCommand,
  DescribeClustersCommand,
  type ECSClient,
  paginateListClusters,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateClusterCommand,
} from "@aws-sdk/client-ecs";
import { MissingError } from "./fault.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { type Tags, tagChanges } from "./tags.ts";

const AT_ONCE = 100; // DescribeClusters takes no more

/** Every cluster of the scope, with settings, statistics and tags. */
export async function readClusters(target: Target, signal: AbortSignal): Promise<Cluster[]> {
  const client = ecs(target);
  const found: Cluster[] = [];
  for await (const page of paginateListClusters({ client, pageSize: AT_ONCE }, {})) {
    if (page.clusterArns?.length) found.push(...(await describe(client, page.clusterArns, signal)));
  }
  return found;
}

/** One cluster. Rejects with MissingError where there is none of the name. */
export async function readCluster(target: Target, name: string, signal: AbortSignal): Promise<Cluster> {
  const [cluster] = await describe(ecs(target), [name], signal);
  if (cluster?.status !== "ACTIVE") throw new MissingError("ClusterNotFoundException", "Cluster not found.");
  return cluster;
}

async function describe(client: ECSClient, clusters: string[], abortSignal: AbortSignal): Promise<Cluster[]> {
  const command = new DescribeClustersCommand({ clusters, include: ["SETTINGS", "CONFIGURATIONS", "TAGS", "STATISTICS"] });
  return (await client.send(command, { abortSignal })).clusters ?? [];
}

/** What the form of a cluster asks. */
export interface ClusterDraft {
  readonly name: string;
  /** Name or ARN of the default namespace of Service Connect; empty for none. */
  readonly namespace: string;
  readonly insights: string;
  readonly tags: Tags;
}

export async function createCluster(target: Target, draft: ClusterDraft): Promise<void> {
  const input: CreateClusterCommandInput = {
    clusterName: draft.name,
    settings: [{ name: "containerInsights", value: draft.insights }],
    ...(draft.namespace ? { serviceConnectDefaults: { namespace: draft.namespace } } : {}),
    ...(draft.tags.length > 0 ? { tags: [...draft.tags] } : {}),
  };
  await ecs(target).send(new CreateClusterCommand(input));
}

export async function updateCluster(target: Target, cluster: Cluster, draft: ClusterDraft): Promise<void> {
  const client = ecs(target);
  await client.send(
    new UpdateClusterCommand({
      cluster: draft.name,
      settings: [{ name: "containerInsights", value: draft.insights }],
      serviceConnectDefaults: { namespace: draft.namespace }, // an empty name takes the default away
    }),
  );
  const { put, remove } = tagChanges(cluster.tags ?? [], draft.tags);
  const resourceArn = cluster.clusterArn;
  if (put.length > 0) await client.send(new TagResourceCommand({ resourceArn, tags: put }));
  if (remove.length > 0) await client.send(new UntagResourceCommand({ resourceArn, tagKeys: remove }));
}

export async function deleteCluster(target: Target, name: string): Promise<void> {
  await ecs(target).send(new DeleteClusterCommand({ cluster: name }));
}
