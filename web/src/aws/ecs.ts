// Amazon ECS, as the official SDK speaks it.

import { ECSClient } from "@aws-sdk/client-ecs";
import { carrying, clientConfig, type Target } from "./config.ts";

const clients = new WeakMap<Target, ECSClient>();

/** The client for a target; made once. */
export function ecs(target: Target): ECSClient {
  let client = clients.get(target);
  if (!client) {
    client = carrying(new ECSClient(clientConfig(target)), target);
    clients.set(target, client);
  }
  return client;
}
