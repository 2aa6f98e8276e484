// The ports of the server that lead callers on other machines to the public addresses of tasks and load balancers, and the URLs
// of load balancers by name. AWS has no such API, so the console has one.

import type { Target } from "./config.ts";
import { readConsole } from "./consoleApi.ts";

export interface GatewayPort {
  /** The public address, and its port. */
  readonly address: string;
  readonly port: number;
  readonly gatewayPort: number;
}

/** The URL of a load balancer's listener by a name that leads to it, at one of the server's ports for names. */
export interface ListenerUrl {
  /** The ARN of the load balancer. */
  readonly loadBalancer: string;
  /** The listener's port. */
  readonly port: number;
  readonly url: string;
}

export interface PublicGateway {
  /** The port that chooses services and load balancers by the name in the request; null without `--gateway-http-port`. */
  readonly httpPort: number | null;
  /** The same for HTTPS listeners of load balancers; null without `--gateway-https-port`. */
  readonly httpsPort: number | null;
  readonly ports: readonly GatewayPort[];
  /** The listeners that are called by a name, each load balancer's in the order of their ports. */
  readonly listeners: readonly ListenerUrl[];
}

export async function readPublicGateway(target: Target, signal: AbortSignal): Promise<PublicGateway> {
  return readConsole(target, "gateway", {}, signal);
}
