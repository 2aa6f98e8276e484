// AWS Cloud Map, as the official SDK speaks it.

import { ServiceDiscoveryClient } from "@aws-sdk/client-servicediscovery";
import { carrying, clientConfig, type Target } from "./config.ts";

const clients = new WeakMap<Target, ServiceDiscoveryClient>();

/** The client for a target; made once. */
export function cloudMap(target: Target): ServiceDiscoveryClient {
  let client = clients.get(target);
  if (!client) {
    client = carrying(new ServiceDiscoveryClient(clientConfig(target)), target);
    clients.set(target, client);
  }
  return client;
}
