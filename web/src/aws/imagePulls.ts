// The pulls of a task's images, from its attributes `moyai.image-pull.CONTAINER`, which exist while something is downloaded.

import type { Task } from "@aws-sdk/client-ecs";

export interface ImagePull {
  readonly container: string;
  readonly source: string;
  /** The number of the image's layers, of those that were here already, and of those that were pulled. */
  readonly layers: number;
  readonly present: number;
  readonly pulled: number;
  /** Bytes of the layers that are downloaded. */
  readonly received: number;
  readonly total: number;
}

const PREFIX = "moyai.image-pull.";
const COUNTS = ["layers", "present", "pulled", "received", "total"] as const;

/** The pulls under way. Attributes that can't be read are left out. */
export function imagePullsOf(task: Task): ImagePull[] {
  return (task.attributes ?? []).flatMap(({ name, value }) => {
    const members = name?.startsWith(PREFIX) ? parse(value) : null;
    return members === null ? [] : [{ ...members, container: (name ?? "").slice(PREFIX.length) }];
  });
}

function parse(value: string | undefined): Omit<ImagePull, "container"> | null {
  try {
    const members: unknown = JSON.parse(value ?? "");
    return isPull(members) ? members : null;
  } catch {
    return null;
  }
}

function isPull(value: unknown): value is Omit<ImagePull, "container"> {
  if (typeof value !== "object" || value === null) return false;
  const members = value as Readonly<Record<string, unknown>>;
  return typeof members.source === "string" && COUNTS.every((name) => typeof members[name] === "number");
}
