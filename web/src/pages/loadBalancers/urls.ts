// The URLs at which a browser reaches a load balancer.

import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { PublicGateway } from "../../aws/publicGateway.ts";

/**
 * The URLs of the HTTP and HTTPS listeners, the best one first: by the load balancer's name, where the server has a port for
 * names, and then at the first public address.
 */
export function loadBalancerUrls(
  balancer: LoadBalancer,
  listeners: readonly Listener[],
  publicAddresses: readonly string[],
  gateway: PublicGateway | undefined,
): string[] {
  const [address] = publicAddresses;
  if (address === undefined) return [];
  const [lowest] = [...listeners].sort(byPort);
  const named = listeners.filter(({ Protocol }) => Protocol === "HTTP").sort(byPort).map(({ Port = 0 }) => {
    const name = `${Port === lowest?.Port ? "" : `${Port}.`}${balancer.DNSName ?? ""}`;
    return gateway?.httpPort ? `http://${name}:${gateway.httpPort}/` : null;
  });
  const direct = [...listeners].sort(byPort).map(({ Protocol, Port = 0 }) => {
    if (Protocol === "HTTP") return `http://${address}${Port === 80 ? "" : `:${Port}`}/`;
    return Protocol === "HTTPS" ? `https://${address}${Port === 443 ? "" : `:${Port}`}/` : null;
  });
  return [...named, ...direct].filter((url) => url !== null);
}

function byPort(a: Listener, b: Listener): number {
  return (a.Port ?? 0) - (b.Port ?? 0);
}
