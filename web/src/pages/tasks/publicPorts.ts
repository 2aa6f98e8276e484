// The URLs at which a browser reaches the ports of a task with a public address. Pure.

import type { Deployment, TaskDefinition } from "@aws-sdk/client-ecs";
import type { GatewayPort } from "../../aws/publicGateway.ts";

/** A port of a container that answers at the public address of its task. */
export interface TaskPort {
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly scheme: "http" | "https";
}

export interface PublicPort {
  /** `ADDRESS:PORT` at the public address. */
  readonly address: string;
  /** Undefined for UDP, which no browser speaks. */
  readonly url: string | undefined;
  /** The URL at a port of the server, for callers that don't reach the address; undefined if the server assigns none. */
  readonly gatewayUrl: string | undefined;
  readonly protocol: TaskPort["protocol"];
}

/** The ports of a task definition. Those on which Service Connect's proxies accept TLS have the scheme `https`. */
export function taskPorts(definition: TaskDefinition | undefined, deployments: readonly Deployment[]): TaskPort[] {
  const tlsPorts = new Set(deployments.flatMap(({ serviceConnectConfiguration }) => (serviceConnectConfiguration?.services ?? []).filter(({ tls }) => tls).map(({ portName }) => portName)));
  const mappings = (definition?.containerDefinitions ?? []).flatMap(({ portMappings = [] }) => portMappings);
  return mappings.flatMap(({ containerPort, protocol, name }) => {
    if (containerPort === undefined) return []; // a range, of which no port is known to answer
    const scheme = containerPort === 443 || (name !== undefined && tlsPorts.has(name)) ? ("https" as const) : ("http" as const);
    return [{ port: containerPort, protocol: protocol === "udp" ? ("udp" as const) : ("tcp" as const), scheme }];
  });
}

/** The ports at a public address, in the order of the task definition. `host`: the server's name in the browser's URL. */
export function publicPorts(address: string, ports: readonly TaskPort[], gateway: readonly GatewayPort[], host: string): PublicPort[] {
  return ports.map(({ port, protocol, scheme }) => {
    const gatewayPort = protocol === "tcp" ? gateway.find((one) => one.address === address && one.port === port)?.gatewayPort : undefined;
    return {
      address: `${address}:${port}`,
      url: protocol === "tcp" ? `${scheme}://${address}:${port}/` : undefined,
      gatewayUrl: gatewayPort === undefined ? undefined : `${scheme}://${host}:${gatewayPort}/`,
      protocol,
    };
  });
}

/** The URL by name of a service's tasks with public addresses, at the server's port for names. */
export function serviceUrl(cluster: string, service: string, httpPort: number): string {
  return `http://${service}.${cluster}.localhost:${httpPort}/`.toLowerCase();
}
