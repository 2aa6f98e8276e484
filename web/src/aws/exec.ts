// ECS Exec: a session in a container, begun by the API and opened at this page's own origin.

import { ExecuteCommandCommand } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";

export interface Begun {
  /** Where the session's WebSocket is. */
  readonly url: string;
  /** Opens it once, within a minute. */
  readonly token: string;
}

export async function beginSession(target: Target, cluster: string, task: string, container: string, command: string): Promise<Begun> {
  const { session } = await ecs(target).send(new ExecuteCommandCommand({ cluster, task, container, command, interactive: true }));
  return { url: ownUrl(session?.streamUrl ?? ""), token: session?.tokenValue ?? "" };
}

/** The address below this page's origin: the API's names the server as it was asked, and may lack the TLS in front of it. */
export function ownUrl(streamUrl: string): string {
  const { pathname, search } = new URL(streamUrl);
  return `${window.location.origin.replace(/^http/, "ws")}${pathname}${search}`;
}
