// The URLs at which a browser reaches a load balancer.

import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { PublicGateway } from "../../aws/publicGateway.ts";

/**
 * The URLs of the HTTP and HTTPS listeners: first the URLs by name, which exist if the server has a port for names, then those at
 * the first public address. Certificates are for names, so an HTTPS listener with a URL by name has none at the address.
 */
export function loadBalancerUrls(
  balancer: LoadBalancer,
  listeners: readonly Listener[],
  publicAddresses: readonly string[],
  gateway: PublicGateway | undefined,
): string[] {
  const [address] = publicAddresses;
  if (address === undefined) return [];
  const namedUrls = gateway?.listeners.filter(({ loadBalancer }) => loadBalancer === balancer.LoadBalancerArn) ?? [];
  const direct = [...listeners].sort(byPort).map(({ Protocol, Port = 0 }) => {
    if (Protocol === "HTTP") return `http://${address}${Port === 80 ? "" : `:${Port}`}/`;
    const hasName = namedUrls.some(({ port }) => port === Port);
    return Protocol === "HTTPS" && !hasName ? `https://${address}${Port === 443 ? "" : `:${Port}`}/` : null;
  });
  return [...namedUrls.map(({ url }) => `${url}/`), ...direct].filter((url) => url !== null);
}

function byPort(a: Listener, b: Listener): number {
  return (a.Port ?? 0) - (b.Port ?? 0);
}
