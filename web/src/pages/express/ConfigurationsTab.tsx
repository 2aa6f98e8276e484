import type { ExpressGatewayServiceConfiguration } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { definitionOf, familyOf, nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { Properties } from "../../parts/Properties.tsx";
import { Timestamp } from "../../parts/Time.tsx";

/** The configurations of all revisions that have tasks, the newest first: two during a deployment. */
export function ConfigurationsTab({ configurations }: { configurations: readonly ExpressGatewayServiceConfiguration[] }) {
  return (
    <SpaceBetween size="l">
      {configurations.map((configuration) => <Configuration key={configuration.serviceRevisionArn} configuration={configuration} />)}
    </SpaceBetween>
  );
}

function Configuration({ configuration }: { configuration: ExpressGatewayServiceConfiguration }) {
  const text = useText().express;
  const { primaryContainer: container, scalingTarget: scaling, networkConfiguration: network } = configuration;
  const { family, revision } = familyOf(configuration.taskDefinitionArn);
  const group = container?.awsLogsConfiguration?.logGroup;
  return (
    <Container header={<Header variant="h2">{text.revision(nameOf(configuration.serviceRevisionArn))}</Header>}>
      <Properties
        items={[
          { label: text.image, value: container?.image },
          { label: text.port, value: container?.containerPort },
          { label: text.command, value: container?.command?.length ? <Box variant="code">{container.command.join(" ")}</Box> : null },
          { label: text.environment, value: container?.environment?.map(({ name, value }) => <div key={name}>{`${name ?? ""}=${value ?? ""}`}</div>) },
          { label: text.secrets, value: container?.secrets?.map(({ name, valueFrom }) => <div key={name}>{`${name ?? ""}: ${valueFrom ?? ""}`}</div>) },
          { label: text.healthCheckPath, value: configuration.healthCheckPath },
          { label: text.size, value: [configuration.cpu, configuration.memory, configuration.cpuArchitecture].filter(Boolean).join(" / ") },
          {
            label: text.scaling,
            value: scaling?.autoScalingMetric === undefined ? null : text.scalingOf(scaling.minTaskCount ?? 1, scaling.maxTaskCount ?? 1, text.metrics[scaling.autoScalingMetric], scaling.autoScalingTargetValue ?? 0),
          },
          { label: text.definition, value: <Link href={href(paths.taskDefinition(family, revision))}>{definitionOf(configuration.taskDefinitionArn)}</Link> },
          { label: text.executionRole, value: configuration.executionRoleArn },
          { label: text.taskRole, value: configuration.taskRoleArn },
          { label: text.logGroup, value: group },
          { label: text.subnets, value: network?.subnets?.map((id) => <div key={id}>{id}</div>) ?? text.defaultSubnets },
          { label: text.groups, value: network?.securityGroups?.map((id) => <div key={id}>{id}</div>) },
          { label: text.created, value: <Timestamp date={configuration.createdAt} /> },
        ]}
      />
    </Container>
  );
}
