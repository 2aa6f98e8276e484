import type { Deployment, Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { taskReference } from "../../aws/balancedServices.ts";
import { interfaceOf } from "../../aws/networkInterfaces.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition, usePublicAddresses, usePublicGateway, useServiceOrNone } from "../../live/queries.ts";
import { CopyableUrl, CopyableValue } from "../../parts/Properties.tsx";
import { type PublicPort, publicPorts, taskPorts } from "./publicPorts.ts";

const NO_DEPLOYMENTS: readonly Deployment[] = [];

/** The public address of a task; undefined while it is loading, and without one. */
export function usePublicAddress(task: Task): string | undefined {
  const id = interfaceOf(task);
  return usePublicAddresses(id === undefined ? [] : [id]).data?.get(id ?? "");
}

/** The ports of a task at its public address. */
function usePublicPorts(task: Task, address: string | undefined): readonly PublicPort[] {
  const { cluster, service } = taskReference(task);
  const deployments = useServiceOrNone(cluster, service).data?.deployments ?? NO_DEPLOYMENTS;
  const definition = useDefinition(task.taskDefinitionArn).data;
  const gateway = usePublicGateway().data;
  return address === undefined ? [] : publicPorts(address, taskPorts(definition, deployments), gateway?.ports ?? [], window.location.hostname);
}

/** The ports of a task with a public address, as links with copy buttons; a dash without one. */
export function TaskAddresses({ task }: { task: Task }) {
  const text = useText();
  const address = usePublicAddress(task);
  const ports = usePublicPorts(task, address);
  if (address === undefined) return text.parts.none;
  if (ports.length === 0) return <CopyableValue value={address} />;
  return (
    <SpaceBetween size="xxs">
      {ports.map((port) => <PortLinks key={`${port.address}/${port.protocol}`} port={port} />)}
    </SpaceBetween>
  );
}

/** A port: its URL at the public address, and below it the one at the server's own host. */
function PortLinks({ port: { address, url, gatewayUrl, protocol } }: { port: PublicPort }) {
  const text = useText().task.network;
  return (
    <div>
      {url === undefined ? <><CopyableValue value={address} /> {protocol.toUpperCase()}</> : <CopyableUrl url={url} />}
      {gatewayUrl === undefined ? null : (
        <>
          <CopyableUrl url={gatewayUrl} />
          <Box color="text-body-secondary" fontSize="body-s">{text.gatewayDetail}</Box>
        </>
      )}
    </div>
  );
}
