// The images of this installation, from which tasks run. AWS has no API for them.

import type { Target } from "./config.ts";
import { deleteAtConsole, readConsole } from "./consoleApi.ts";

export interface ImageUser {
  /** The task's id. */
  readonly id: string;
  readonly cluster: string;
  /** `service:` or `family:` and a name. */
  readonly group: string;
}

export interface LocalImage {
  readonly name: string;
  readonly digest: string;
  readonly platform: string;
  /** Bytes of its unpacked layers. */
  readonly size: number;
  /** Where it was pulled from; null if it was imported or loaded. */
  readonly source: string | null;
  readonly tasks: readonly ImageUser[];
}

/** A pull under way, in bytes of compressed layers. */
export interface RunningPull {
  readonly image: string;
  readonly container: string;
  readonly task: ImageUser;
  readonly source: string;
  readonly received: number;
  readonly total: number;
}

export interface LocalImages {
  readonly images: readonly LocalImage[];
  readonly pulls: readonly RunningPull[];
}

export async function readLocalImages(target: Target, signal: AbortSignal): Promise<LocalImages> {
  return readConsole(target, "images", {}, signal);
}

export async function removeLocalImage(target: Target, name: string): Promise<void> {
  await deleteAtConsole(target, "images", { name });
}
