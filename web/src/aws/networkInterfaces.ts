// The public addresses of network interfaces. DescribeTasks does not have them.

import { DescribeNetworkInterfacesCommand } from "@aws-sdk/client-ec2";
import type { Task } from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ec2 } from "./ec2.ts";

const BATCH = 200; // the limit of a filter's values

/** The id of a task's own network interface; undefined in the network modes `bridge`, `host` and `none`. */
export function interfaceOf(task: Task): string | undefined {
  return interfaceDetail(task, "networkInterfaceId");
}

/** A detail of a task's own network interface, such as `privateIPv4Address`. */
export function interfaceDetail(task: Task, name: string): string | undefined {
  const attachment = task.attachments?.find(({ type }) => type === "ElasticNetworkInterface");
  return attachment?.details?.find((detail) => detail.name === name)?.value;
}

/** The public address of each of these interfaces that has one. Interfaces that are gone are left out. */
export async function readPublicAddresses(target: Target, interfaces: readonly string[], abortSignal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const addresses = new Map<string, string>();
  for (let from = 0; from < interfaces.length; from += BATCH) {
    const filter = { Name: "network-interface-id", Values: interfaces.slice(from, from + BATCH) };
    const response = await ec2(target).send(new DescribeNetworkInterfacesCommand({ Filters: [filter] }), { abortSignal });
    for (const { NetworkInterfaceId: id, Association } of response.NetworkInterfaces ?? []) {
      if (id !== undefined && Association?.PublicIp !== undefined) addresses.set(id, Association.PublicIp);
    }
  }
  return addresses;
}
