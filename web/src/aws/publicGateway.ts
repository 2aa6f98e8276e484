// The ports of the server that lead to public addresses of tasks and load balancers, for callers on other machines, and the host names of HTTPS listeners behind them. AWS has no such API, so the console has one.

import type { Target } from "./config.ts";
import { readConsole } from "./consoleApi.ts";

export interface GatewayPort {
  /** The public address, and its port. */
  readonly address: string;
  readonly port: number;
  readonly gatewayPort: number;
}

/** The server names (SNI) that lead to one HTTPS listener at the server's HTTPS port, including the DNS name of the load balancer. */
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
  /** Each name leads to one listener, even when several have a certificate for it. */
  readonly serverNames: readonly ServerNames[];
}

export async function readPublicGateway(target: Target, signal: AbortSignal): Promise<PublicGateway> {
  return readConsole(target, "gateway", {}, signal);
}
