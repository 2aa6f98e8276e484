// Tags, and the requests that change them.

import type { Tag } from "@aws-sdk/client-ecs";

export type Tags = readonly Tag[];

/** The tags to set and the keys to remove so that the tags `before` become `after`. */
export function tagChanges(before: Tags, after: Tags): { put: Tag[]; remove: string[] } {
  const beforeValues = new Map(before.map((tag) => [tag.key, tag.value]));
  const afterKeys = new Set(after.map((tag) => tag.key));
  return {
    put: after.filter((tag) => !beforeValues.has(tag.key) || beforeValues.get(tag.key) !== tag.value),
    remove: before.map((tag) => tag.key ?? "").filter((key) => !afterKeys.has(key)),
  };
}
