// The URLs at which a browser reaches a load balancer.

import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { PublicGateway } from "../../aws/publicGateway.ts";

/**
 * The URLs of the HTTP and HTTPS listeners, the best one first: by name, where the server has a port for names, and then at the
 * first public address. No certificate is for an address, so an HTTPS listener is there only where it has no name.
 *
 * `domains`: the names of certificates, by their ARNs.
 */
export function loadBalancerUrls(
  balancer: LoadBalancer,
  listeners: readonly Listener[],
  publicAddresses: readonly string[],
  gateway: PublicGateway | undefined,
  domains: ReadonlyMap<string | undefined, string | undefined>,
): string[] {
  const [address] = publicAddresses;
  if (address === undefined) return [];
  const [lowest] = [...listeners].sort(byPort);
  const [lowestEncrypted] = listeners.filter(({ Protocol }) => Protocol === "HTTPS" || Protocol === "TLS").sort(byPort);
  const ownName = (port: number, first: Listener | undefined) => `${port === first?.Port ? "" : `${port}.`}${balancer.DNSName ?? ""}`;
  const used = new Set<string>(); // the server routes a certificate's name to the first listener that has it
  const named = [...listeners].sort(byPort).map(({ Protocol, Port = 0, Certificates }) => {
    if (Protocol === "HTTP") return gateway?.httpPort ? `http://${ownName(Port, lowest)}:${gateway.httpPort}/` : null;
    if (Protocol !== "HTTPS" || !gateway?.httpsPort) return null;
    const domain = domains.get(Certificates?.[0]?.CertificateArn);
    const isRouted = domain !== undefined && !domain.includes("*") && !used.has(domain);
    if (isRouted) used.add(domain);
    return `https://${isRouted ? domain : ownName(Port, lowestEncrypted)}:${gateway.httpsPort}/`;
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
