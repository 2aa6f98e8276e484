import type { Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";

/** Further details of a task: storage, attributes, runtime ids and overrides. */
export function DetailsTab({ task }: { task: Task }) {
  const text = useText().task.details;
  const storage = task.fargateEphemeralStorage?.sizeInGiB ?? task.ephemeralStorage?.sizeInGiB;
  const overrides = overridesOf(task);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{text.title}</Header>}>
        <Properties
          items={[
            { label: text.group, value: task.group },
            { label: text.version, value: task.version },
            { label: text.family, value: task.platformFamily },
            { label: text.storage, value: storage === undefined ? null : text.gib(storage) },
            { label: text.attributes, value: (task.attributes ?? []).map(({ name, value }) => `${name ?? ""}${value ? ` = ${value}` : ""}`).join(", ") },
            ...(task.containers ?? []).map((one) => ({ label: `${text.runtimeId}: ${one.name ?? ""}`, value: <CopyableValue value={one.runtimeId} /> })),
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">{text.overrides}</Header>}>
        {overrides === null ? <Box color="text-body-secondary">{text.noOverrides}</Box> : <Box variant="pre">{JSON.stringify(overrides, null, 2)}</Box>}
      </Container>
    </SpaceBetween>
  );
}

/** The task's overrides, without the empty ones that the API returns for each container; null without any. */
export function overridesOf(task: Task): object | null {
  const { containerOverrides = [], ...others } = task.overrides ?? {};
  const containers = containerOverrides.filter((override) => Object.keys(override).length > 1);
  const nonEmpty = Object.entries(others).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  const overrides = { ...Object.fromEntries(nonEmpty), ...(containers.length > 0 ? { containerOverrides: containers } : {}) };
  return Object.keys(overrides).length > 0 ? overrides : null;
}
