// Reads and changes the tags of resources of ECS.

import { ListTagsForResourceCommand, TagResourceCommand, UntagResourceCommand } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { type Tags, tagChanges } from "./tags.ts";

/** Sets the tags of a resource, which has the tags `before`. */
export async function tagEcsResource(target: Target, resourceArn: string, before: Tags, after: Tags): Promise<void> {
  const { put, remove } = tagChanges(before, after);
  if (put.length > 0) await ecs(target).send(new TagResourceCommand({ resourceArn, tags: put }));
  if (remove.length > 0) await ecs(target).send(new UntagResourceCommand({ resourceArn, tagKeys: remove }));
}

export async function readEcsTags(target: Target, resourceArn: string, abortSignal: AbortSignal): Promise<Tags> {
  return (await ecs(target).send(new ListTagsForResourceCommand({ resourceArn }), { abortSignal })).tags ?? [];
}
