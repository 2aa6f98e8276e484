// Reads, creates, updates and deletes clusters.

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
import { NotFoundError } from "./apiError.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { type Tags, tagChanges } from "./tags.ts";

const PAGE_SIZE = 100; // the limit of DescribeClusters

/** All clusters with settings, statistics and tags. */
export async function readClusters(target: Target, signal: AbortSignal): Promise<Cluster[]> {
  const client = ecs(target);
  const clusters: Cluster[] = [];
  for await (const page of paginateListClusters({ client, pageSize: PAGE_SIZE }, {})) {
    if (page.clusterArns?.length) clusters.push(...(await describe(client, page.clusterArns, signal)));
  }
  return clusters;
}

/** Rejects with NotFoundError if there is no active cluster of this name. */
export async function readCluster(target: Target, name: string, signal: AbortSignal): Promise<Cluster> {
  const [cluster] = await describe(ecs(target), [name], signal);
  if (cluster?.status !== "ACTIVE") throw new NotFoundError("ClusterNotFoundException", "Cluster not found.");
  return cluster;
}

async function describe(client: ECSClient, clusters: string[], abortSignal: AbortSignal): Promise<Cluster[]> {
  const command = new DescribeClustersCommand({ clusters, include: ["SETTINGS", "CONFIGURATIONS", "TAGS", "STATISTICS"] });
  return (await client.send(command, { abortSignal })).clusters ?? [];
}

/** The values of the form of a cluster. */
export interface ClusterDraft {
  readonly name: string;
  /** Name or ARN of the default Service Connect namespace; empty for none. */
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
      serviceConnectDefaults: { namespace: draft.namespace }, // an empty name removes the default
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
