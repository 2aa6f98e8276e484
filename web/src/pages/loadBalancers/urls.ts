// The URLs at which a browser reaches a load balancer.

import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { PublicGateway } from "../../aws/publicGateway.ts";

/**
 * The URLs of the HTTP and HTTPS listeners, the best one first: by name, where the server has a port for names, and then at the
 * first public address. No certificate is for an address, so an HTTPS listener is there only where it has no name; its name is
 * that of a certificate which the server routes to it, else the load balancer's.
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
  const [lowestEncrypted] = listeners.filter(({ Protocol }) => Protocol === "HTTPS" || Protocol === "TLS").sort(byPort);
  const ownName = (port: number, first: Listener | undefined) => `${port === first?.Port ? "" : `${port}.`}${balancer.DNSName ?? ""}`;
  const isOwn = (name: string) => name === balancer.DNSName || name.endsWith(`.${balancer.DNSName ?? ""}`);
  const named = [...listeners].sort(byPort).map(({ Protocol, Port = 0 }) => {
    if (Protocol === "HTTP") return gateway?.httpPort ? `http://${ownName(Port, lowest)}:${gateway.httpPort}/` : null;
    if (Protocol !== "HTTPS" || !gateway?.httpsPort) return null;
    const routed = gateway.serverNames.find(({ loadBalancer, port }) => loadBalancer === balancer.DNSName && port === Port);
    const domain = routed?.names.find((name) => !isOwn(name) && !name.includes("*"));
    return `https://${domain ?? ownName(Port, lowestEncrypted)}:${gateway.httpsPort}/`;
  });
  const direct = [...listeners].sort(byPort).map(({ Protocol, Port = 0 }) => {
    if (Protocol === "HTTP") return `http://${address}${Port === 80 ? "" : `:${Port}`}/`;
    return Protocol === "HTTPS" && !gateway?.httpsPort ? `https://${address}${Port === 443 ? "" : `:${Port}`}/` : null;
  });
  return [...named, ...direct].filter((url) => url !== null);
}

function byPort(a: Listener, b: Listener): number {
  return (a.Port ?? 0) - (b.Port ?? 0);
}
