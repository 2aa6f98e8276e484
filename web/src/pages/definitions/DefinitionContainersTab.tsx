import type { ContainerDefinition, PortMapping } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { Properties } from "../../parts/Properties.tsx";

/** The container definitions. Environment variables are listed without their values, which the JSON tab shows. */
export function DefinitionContainersTab({ containers }: { containers: readonly ContainerDefinition[] }) {
  return (
    <SpaceBetween size="l">
      {containers.map((container) => (
        <Container key={container.name} header={<Header variant="h2">{container.name}</Header>}>
          <ContainerProperties container={container} />
        </Container>
      ))}
    </SpaceBetween>
  );
}

function ContainerProperties({ container }: { container: ContainerDefinition }) {
  const text = useText().definitions;
  const words = text.container;
  return (
    <Properties
      items={[
        { label: words.image, value: container.image },
        { label: words.essential, value: container.essential === false ? words.no : words.yes },
        { label: text.cpu, value: container.cpu },
        { label: text.memory, value: container.memory && `${container.memory} MiB` },
        { label: words.memoryReservation, value: container.memoryReservation && `${container.memoryReservation} MiB` },
        { label: words.ports, value: <Lines lines={container.portMappings?.map(portOf)} /> },
        { label: words.environment, value: <Lines lines={container.environment?.map(({ name }) => name ?? "")} /> },
        { label: words.secrets, value: <Lines lines={container.secrets?.map(({ name, valueFrom }) => `${name ?? ""} ← ${valueFrom ?? ""}`)} /> },
        { label: words.healthCheck, value: <HealthCheck container={container} /> },
        { label: words.dependsOn, value: <Lines lines={container.dependsOn?.map((after) => `${after.containerName ?? ""} (${after.condition ?? ""})`)} /> },
        { label: words.entryPoint, value: container.entryPoint?.join(" ") },
        { label: words.command, value: container.command?.join(" ") },
        { label: words.mounts, value: <Lines lines={container.mountPoints?.map((mount) => `${mount.sourceVolume ?? ""} → ${mount.containerPath ?? ""}`)} /> },
        { label: words.logDriver, value: container.logConfiguration?.logDriver },
      ]}
    />
  );
}

function HealthCheck({ container }: { container: ContainerDefinition }) {
  const text = useText();
  const check = container.healthCheck;
  if (!check) return text.parts.none;
  const { interval = 30, timeout = 5, retries = 3 } = check; // AWS's defaults
  return <Lines lines={[check.command?.join(" ") ?? "", text.definitions.container.healthEach(interval, timeout, retries)]} />;
}

function Lines({ lines }: { lines: readonly string[] | undefined }) {
  const none = useText().parts.none;
  return lines?.length ? lines.map((line) => <Box key={line}>{line}</Box>) : none;
}

/** A port with its name and protocol for Service Connect, such as `80/tcp (web, http)`. */
function portOf(port: PortMapping): string {
  const details = [port.name, port.appProtocol].filter((detail) => detail !== undefined).join(", ");
  const host = port.hostPort && port.hostPort !== port.containerPort ? `${port.hostPort} → ` : "";
  return `${host}${port.containerPort ?? port.containerPortRange ?? ""}/${port.protocol ?? "tcp"}${details ? ` (${details})` : ""}`;
}
