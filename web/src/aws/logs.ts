// Amazon CloudWatch Logs, as the official SDK speaks it.

import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { carrying, clientConfig, type Target } from "./config.ts";

const clients = new WeakMap<Target, CloudWatchLogsClient>();

/** The client for a target; made once. */
export function logs(target: Target): CloudWatchLogsClient {
  let client = clients.get(target);
  if (!client) {
    client = carrying(new CloudWatchLogsClient(clientConfig(target)), target);
    clients.set(target, client);
  }
  return client;
}
