import type { Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Steps, { type StepsProps } from "@cloudscape-design/components/steps";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { At, lasting } from "../../parts/Moment.tsx";
import { worded } from "../../parts/Status.tsx";
import { isOver, lifeOf, type Moment } from "./life.ts";

/** The task's life from its creation to its end, each moment with the state that it brought. */
export function LifeTab({ task }: { task: Task }) {
  const text = useText().task.life;
  const steps: StepsProps.Step[] = lifeOf(task).map((moment) => ({
    header: <Turned moment={moment} />,
    details: <When moment={moment} />,
    status: kindOf(moment, task),
    statusIconAriaLabel: text[moment.turn],
  }));
  if (!isOver(task) && task.lastStatus !== "RUNNING") {
    const now = text.now(worded(task.lastStatus ?? ""));
    steps.push({ header: now, status: "in-progress", statusIconAriaLabel: now });
  }
  return (
    <Container header={<Header variant="h2">{text.title}</Header>}>
      <Steps steps={steps} ariaLabel={text.title} />
    </Container>
  );
}

function Turned({ moment }: { moment: Moment }) {
  const text = useText();
  const words: Readonly<Record<string, string>> = text.parts.status;
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <Box variant="strong">{text.task.life[moment.turn]}</Box>
      {moment.state === undefined ? null : <Box color="text-body-secondary">{words[moment.state] ?? worded(moment.state)}</Box>}
    </SpaceBetween>
  );
}

function When({ moment }: { moment: Moment }) {
  const text = useText().task.life;
  const language = useLanguage();
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <At at={moment.at} />
      {moment.turn === "created" ? null : <Box color="text-body-secondary">{text.after(precisely(moment.after, language))}</Box>}
    </SpaceBetween>
  );
}

/** Short lengths to the millisecond: most of a task's first steps take less than a second. */
function precisely(ms: number, language: "en" | "ja"): string {
  if (ms >= 10_000) return lasting(ms, language);
  return new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: 2 }).format(ms / 1000);
}

function kindOf(moment: Moment, task: Task): StepsProps.Status {
  if (moment.turn !== "stopped") return moment.turn === "stopping" ? "stopped" : "success";
  return isFailure(task) ? "error" : "stopped";
}

/** Whether it ended by itself, or never began. */
export function isFailure(task: Task): boolean {
  return task.stopCode === "TaskFailedToStart" || (task.containers ?? []).some((one) => one.exitCode !== undefined && one.exitCode !== 0 && one.exitCode !== 143);
}
