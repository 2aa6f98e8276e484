import type { Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { Copied, Facts } from "../../parts/Facts.tsx";

/** What else the API says of the task: storage, attributes, runtime ids, and what RunTask overrode. */
export function DetailsTab({ task }: { task: Task }) {
  const text = useText().task.details;
  const storage = task.fargateEphemeralStorage?.sizeInGiB ?? task.ephemeralStorage?.sizeInGiB;
  const overrides = overridesOf(task);
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{text.title}</Header>}>
        <Facts
          facts={[
            { label: text.group, value: task.group },
            { label: text.version, value: task.version },
            { label: text.family, value: task.platformFamily },
            { label: text.storage, value: storage === undefined ? null : text.gib(storage) },
            { label: text.attributes, value: (task.attributes ?? []).map(({ name, value }) => `${name ?? ""}${value ? ` = ${value}` : ""}`).join(", ") },
            ...(task.containers ?? []).map((one) => ({ label: `${text.runtimeId}: ${one.name ?? ""}`, value: <Copied value={one.runtimeId} /> })),
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">{text.overrides}</Header>}>
        {overrides === null ? <Box color="text-body-secondary">{text.noOverrides}</Box> : <Box variant="pre">{JSON.stringify(overrides, null, 2)}</Box>}
      </Container>
    </SpaceBetween>
  );
}

/** The overrides that say something; the API names each container, also where nothing is overridden. */
export function overridesOf(task: Task): object | null {
  const { containerOverrides = [], ...others } = task.overrides ?? {};
  const said = containerOverrides.filter((one) => Object.keys(one).length > 1);
  const filled = Object.entries(others).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  const known = { ...Object.fromEntries(filled), ...(said.length > 0 ? { containerOverrides: said } : {}) };
  return Object.keys(known).length > 0 ? known : null;
}
