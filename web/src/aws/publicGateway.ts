// The ports of the server at which public addresses answer to callers elsewhere, and the names of HTTPS listeners there. AWS has no such API, so the console has one.

import type { Target } from "./config.ts";
import { readConsole } from "./consoleApi.ts";

export interface GatewayPort {
  /** The public address, and its port. */
  readonly address: string;
  readonly port: number;
  readonly gatewayPort: number;
}

/** The names by which a handshake at the server's port for HTTPS listeners asks for one of them, the load balancer's own among them. */
export interface ServerNames {
  /** The DNS name of the load balancer. */
  readonly loadBalancer: string;
  readonly port: number;
  readonly names: readonly string[];
}

export interface PublicGateway {
  /** The port that chooses services and load balancers by the name in the request; null without `--gateway-http-port`. */
  readonly httpPort: number | null;
  /** The same for HTTPS listeners of load balancers; null without `--gateway-https-port`. */
  readonly httpsPort: number | null;
  readonly ports: readonly GatewayPort[];
  /** A name leads to one listener, whichever others have a certificate for it. */
  readonly serverNames: readonly ServerNames[];
}

export async function readPublicGateway(target: Target, signal: AbortSignal): Promise<PublicGateway> {
  return readConsole(target, "gateway", {}, signal);
}
