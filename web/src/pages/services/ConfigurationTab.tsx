import type { Service } from "@aws-sdk/client-ecs";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { familyOf, nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { Properties } from "../../parts/Properties.tsx";

/** The configuration of a service: tasks, deployment and networking. */
export function ConfigurationTab({ service }: { service: Service }) {
  return (
    <SpaceBetween size="l">
      <TaskConfiguration service={service} />
      <DeploymentSettings service={service} />
      <NetworkSettings service={service} />
    </SpaceBetween>
  );
}

function TaskConfiguration({ service }: { service: Service }) {
  const text = useText();
  const words = text.services.configuration;
  const { family, revision } = familyOf(service.taskDefinition);
  const strategy = service.capacityProviderStrategy?.map((one) => `${one.capacityProvider ?? ""} (${one.weight ?? 0})`).join(", ");
  return (
    <Container header={<Header variant="h2">{words.service}</Header>}>
      <Properties
        items={[
          { label: text.services.definition, value: <Link href={href(paths.taskDefinition(family, revision))}>{nameOf(service.taskDefinition)}</Link> },
          { label: words.scheduling, value: service.schedulingStrategy },
          { label: words.desired, value: service.desiredCount },
          { label: words.platform, value: [service.platformFamily, service.platformVersion].filter(Boolean).join(" ") },
          { label: words.capacity, value: strategy ?? service.launchType },
          { label: words.rebalancing, value: service.availabilityZoneRebalancing },
          { label: words.exec, value: service.enableExecuteCommand ? text.parts.on : text.parts.off },
          { label: words.propagate, value: service.propagateTags },
          { label: words.constraints, value: service.placementConstraints?.map((one) => [one.type, one.expression].filter(Boolean).join(" ")).join(", ") },
          { label: words.placement, value: service.placementStrategy?.map((one) => [one.type, one.field].filter(Boolean).join(" ")).join(", ") },
          { label: words.createdBy, value: service.createdBy },
          { label: words.grace, value: words.seconds(service.healthCheckGracePeriodSeconds ?? 0) },
        ]}
      />
    </Container>
  );
}

function DeploymentSettings({ service }: { service: Service }) {
  const text = useText();
  const words = text.services.configuration;
  const configuration = service.deploymentConfiguration ?? {};
  const breaker = configuration.deploymentCircuitBreaker;
  const onOff = (on: boolean | undefined) => (on ? text.parts.on : text.parts.off);
  return (
    <Container header={<Header variant="h2">{words.deployment}</Header>}>
      <Properties
        items={[
          { label: words.controller, value: service.deploymentController?.type },
          { label: text.services.strategy, value: text.services.strategies[configuration.strategy ?? "ROLLING"] },
          { label: words.percents, value: `${configuration.minimumHealthyPercent ?? 100} % – ${configuration.maximumPercent ?? 200} %` },
          { label: words.bake, value: words.minutes(configuration.bakeTimeInMinutes ?? 0) },
          { label: words.breaker, value: breaker?.enable && breaker.rollback ? words.withRollback : onOff(breaker?.enable) },
          { label: words.alarms, value: configuration.alarms?.enable ? configuration.alarms.alarmNames?.join(", ") : text.parts.off },
          { label: words.hooks, value: configuration.lifecycleHooks?.map((hook) => `${hook.targetType ?? "AWS_LAMBDA"}: ${hook.lifecycleStages?.join(", ") ?? ""}`).join("; ") },
          configuration.linearConfiguration
            ? { label: words.steps, value: words.linear(configuration.linearConfiguration.stepPercent ?? 0, configuration.linearConfiguration.stepBakeTimeInMinutes ?? 0) }
            : null,
          configuration.canaryConfiguration
            ? { label: words.steps, value: words.linear(configuration.canaryConfiguration.canaryPercent ?? 0, configuration.canaryConfiguration.canaryBakeTimeInMinutes ?? 0) }
            : null,
        ]}
      />
    </Container>
  );
}

function NetworkSettings({ service }: { service: Service }) {
  const words = useText().services.configuration;
  const network = service.networkConfiguration?.awsvpcConfiguration;
  return (
    <Container header={<Header variant="h2">{words.network}</Header>}>
      <Properties
        columns={3}
        items={[
          { label: words.subnets, value: network?.subnets?.map((subnet) => <div key={subnet}>{subnet}</div>) },
          { label: words.groups, value: network?.securityGroups?.length ? network.securityGroups.map((group) => <div key={group}>{group}</div>) : words.defaultGroup },
          { label: words.publicIp, value: network?.assignPublicIp },
          {
            label: words.registries,
            value: service.serviceRegistries?.length ? service.serviceRegistries.map((one) => <div key={one.registryArn}>{one.registryArn}</div>) : null,
          },
        ]}
      />
    </Container>
  );
}
