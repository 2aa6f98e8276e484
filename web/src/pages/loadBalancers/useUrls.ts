import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useListeners, useNodes } from "../../live/elbQueries.ts";
import { usePublicGateway } from "../../live/queries.ts";
import { loadBalancerUrls } from "./urls.ts";

/** The URLs of a load balancer, with its number of listeners; undefined while they are loading. */
export function useUrls(balancer: LoadBalancer): { readonly urls: readonly string[]; readonly listeners: number } | undefined {
  const nodes = useNodes(balancer).data;
  const listeners = useListeners(balancer.LoadBalancerArn).data;
  const gateway = usePublicGateway();
  if (nodes === undefined || listeners === undefined || gateway.status === "loading") return undefined;
  const addresses = nodes.map(({ Association }) => Association?.PublicIp).filter((address) => address !== undefined);
  return { urls: loadBalancerUrls(balancer, listeners, addresses, gateway.data), listeners: listeners.length };
}
