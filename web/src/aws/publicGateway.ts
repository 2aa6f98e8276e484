// The ports of the server at which public addresses answer to callers elsewhere. AWS has no such API, so the console has one.

import type { Target } from "./config.ts";
import { readConsole } from "./consoleApi.ts";

export interface GatewayPort {
  /** The public address, and its port. */
  readonly address: string;
  readonly port: number;
  readonly gatewayPort: number;
}

export interface PublicGateway {
  /** The port that chooses services and load balancers by the name in the request; null without `--gateway-http-port`. */
  readonly httpPort: number | null;
  /** The same for HTTPS listeners of load balancers; null without `--gateway-https-port`. */
  readonly httpsPort: number | null;
  readonly ports: readonly GatewayPort[];
}

export async function readPublicGateway(target: Target, signal: AbortSignal): Promise<PublicGateway> {
  return readConsole(target, "gateway", {}, signal);
}
