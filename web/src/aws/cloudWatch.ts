// Amazon CloudWatch, as the official SDK speaks it.

import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { carrying, clientConfig, type Target } from "./config.ts";

const clients = new WeakMap<Target, CloudWatchClient>();

/** The client for a target; made once. */
export function cloudWatch(target: Target): CloudWatchClient {
  let client = clients.get(target);
  if (!client) {
    client = carrying(new CloudWatchClient(clientConfig(target)), target);
    clients.set(target, client);
  }
  return client;
}
