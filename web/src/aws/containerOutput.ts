// Reads what containers have written, whatever their log driver. AWS has no API for this, so the console has one.

import type { Target } from "./config.ts";

export interface ContainerOutput {
  readonly lines: readonly { readonly at: number; readonly stream: string; readonly text: string }[];
  /** Where the next read continues. */
  readonly position: number;
}

/** About a mebibyte of a container's lines from a position on; none if the task is gone. */
export async function readContainerOutput(target: Target, task: string, container: string, after: number): Promise<ContainerOutput> {
  const query = new URLSearchParams({ task, container, after: String(after) });
  const response = await fetch(new Request(new URL(`data/output?${query.toString()}`, target.endpoint)));
  if (response.status === 404) return { lines: [], position: after };
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return (await response.json()) as ContainerOutput;
}
