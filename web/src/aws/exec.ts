// Starts ECS Exec sessions.

import { ExecuteCommandCommand } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";

export interface ExecConnection {
  /** The URL of the session's WebSocket. */
  readonly url: string;
  /** Valid once, for one minute. */
  readonly token: string;
}

export async function startExecSession(target: Target, cluster: string, task: string, container: string, command: string): Promise<ExecConnection> {
  const { session } = await ecs(target).send(new ExecuteCommandCommand({ cluster, task, container, command, interactive: true }));
  return { url: sameOriginUrl(session?.streamUrl ?? ""), token: session?.tokenValue ?? "" };
}

/** The stream URL with this page's origin. The API builds the URL from its request, in which a proxy may have ended TLS: it can be ws:// where only wss:// works. */
function sameOriginUrl(streamUrl: string): string {
  const { pathname, search } = new URL(streamUrl);
  return `${window.location.origin.replace(/^http/, "ws")}${pathname}${search}`;
}
