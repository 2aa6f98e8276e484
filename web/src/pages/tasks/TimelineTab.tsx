import type { Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Steps, { type StepsProps } from "@cloudscape-design/components/steps";
import type { Language } from "../../i18n/catalog.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { Timestamp, formatDuration } from "../../parts/Time.tsx";
import { statusText } from "../../parts/Status.tsx";
import { isStopped, timelineOf, type TimelineEvent } from "./timeline.ts";

const TERMINATED = 143; // 128 + SIGTERM: the exit code of a container that ECS stopped

/** The events of a task from its creation to its end, with the statuses that they led to. */
export function TimelineTab({ task }: { task: Task }) {
  const text = useText().task.timeline;
  const steps: StepsProps.Step[] = timelineOf(task).map((event) => ({
    header: <EventName event={event} />,
    details: <EventTime event={event} />,
    status: stepStatus(event, task),
    statusIconAriaLabel: text[event.kind],
  }));
  if (!isStopped(task) && task.lastStatus !== "RUNNING") {
    const now = text.now(statusText(task.lastStatus ?? ""));
    steps.push({ header: now, status: "in-progress", statusIconAriaLabel: now });
  }
  return (
    <Container header={<Header variant="h2">{text.title}</Header>}>
      <Steps steps={steps} ariaLabel={text.title} />
    </Container>
  );
}

function EventName({ event }: { event: TimelineEvent }) {
  const text = useText();
  const statusTexts: Readonly<Record<string, string>> = text.parts.status;
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <Box variant="strong">{text.task.timeline[event.kind]}</Box>
      {event.status === undefined ? null : <Box color="text-body-secondary">{statusTexts[event.status] ?? statusText(event.status)}</Box>}
    </SpaceBetween>
  );
}

function EventTime({ event }: { event: TimelineEvent }) {
  const text = useText().task.timeline;
  const language = useLanguage();
  return (
    <SpaceBetween size="xs" direction="horizontal">
      <Timestamp date={event.time} />
      {event.kind === "created" ? null : <Box color="text-body-secondary">{text.after(formatDelay(event.delay, language))}</Box>}
    </SpaceBetween>
  );
}

/** A short delay has decimals, because most steps of a task's start take less than a second. */
function formatDelay(ms: number, language: Language): string {
  if (ms >= 10_000) return formatDuration(ms, language);
  return new Intl.NumberFormat(language, { style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: 2 }).format(ms / 1000);
}

function stepStatus(event: TimelineEvent, task: Task): StepsProps.Status {
  if (event.kind !== "stopped") return event.kind === "stopping" ? "stopped" : "success";
  return hasFailed(task) ? "error" : "stopped";
}

/** Whether the task failed to start, or a container of it failed. */
export function hasFailed(task: Task): boolean {
  return task.stopCode === "TaskFailedToStart" || (task.containers ?? []).some(({ exitCode }) => exitCode !== undefined && exitCode !== 0 && exitCode !== TERMINATED);
}
