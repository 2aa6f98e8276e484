import type { ContainerDefinition, PortMapping } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { Facts } from "../../parts/Facts.tsx";

/** What each container is to be. Of the environment the names alone; values are in the JSON. */
export function ContainersTab({ containers }: { containers: readonly ContainerDefinition[] }) {
  return (
    <SpaceBetween size="l">
      {containers.map((one) => (
        <Container key={one.name} header={<Header variant="h2">{one.name}</Header>}>
          <ContainerFacts of={one} />
        </Container>
      ))}
    </SpaceBetween>
  );
}

function ContainerFacts({ of: one }: { of: ContainerDefinition }) {
  const text = useText().definitions;
  const words = text.container;
  return (
    <Facts
      facts={[
        { label: words.image, value: one.image },
        { label: words.essential, value: one.essential === false ? words.no : words.yes },
        { label: text.cpu, value: one.cpu },
        { label: text.memory, value: one.memory && `${one.memory} MiB` },
        { label: words.memoryReservation, value: one.memoryReservation && `${one.memoryReservation} MiB` },
        { label: words.ports, value: <Lines of={one.portMappings?.map(portOf)} /> },
        { label: words.environment, value: <Lines of={one.environment?.map(({ name }) => name ?? "")} /> },
        { label: words.secrets, value: <Lines of={one.secrets?.map(({ name, valueFrom }) => `${name ?? ""} ← ${valueFrom ?? ""}`)} /> },
        { label: words.healthCheck, value: <Health of={one} /> },
        { label: words.dependsOn, value: <Lines of={one.dependsOn?.map((after) => `${after.containerName ?? ""} (${after.condition ?? ""})`)} /> },
        { label: words.entryPoint, value: one.entryPoint?.join(" ") },
        { label: words.command, value: one.command?.join(" ") },
        { label: words.mounts, value: <Lines of={one.mountPoints?.map((mount) => `${mount.sourceVolume ?? ""} → ${mount.containerPath ?? ""}`)} /> },
        { label: words.logDriver, value: one.logConfiguration?.logDriver },
      ]}
    />
  );
}

function Health({ of: one }: { of: ContainerDefinition }) {
  const text = useText();
  const check = one.healthCheck;
  if (!check) return text.parts.none;
  // What is left out is as AWS has it by default.
  const { interval = 30, timeout = 5, retries = 3 } = check;
  return <Lines of={[check.command?.join(" ") ?? "", text.definitions.container.healthEach(interval, timeout, retries)]} />;
}

function Lines({ of: lines }: { of: readonly string[] | undefined }) {
  const none = useText().parts.none;
  return lines?.length ? lines.map((line) => <Box key={line}>{line}</Box>) : none;
}

/** `80/tcp (web, http)`: the port, with its name and protocol for Service Connect. */
export function portOf(port: PortMapping): string {
  const known = [port.name, port.appProtocol].filter((word) => word !== undefined).join(", ");
  const host = port.hostPort && port.hostPort !== port.containerPort ? `${port.hostPort} → ` : "";
  return `${host}${port.containerPort ?? port.containerPortRange ?? ""}/${port.protocol ?? "tcp"}${known ? ` (${known})` : ""}`;
}
