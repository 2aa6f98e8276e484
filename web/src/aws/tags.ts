// Tags as the API has them, and what a change of them takes.

import type { Tag } from "@aws-sdk/client-ecs";

export type Tags = readonly Tag[];

/** Which tags to put and which keys to remove to come from one set to the other. */
export function tagChanges(before: Tags, after: Tags): { put: Tag[]; remove: string[] } {
  const old = new Map(before.map((tag) => [tag.key, tag.value]));
  const kept = new Set(after.map((tag) => tag.key));
  return {
    put: after.filter((tag) => !old.has(tag.key) || old.get(tag.key) !== tag.value),
    remove: before.map((tag) => tag.key ?? "").filter((key) => !kept.has(key)),
  };
}
