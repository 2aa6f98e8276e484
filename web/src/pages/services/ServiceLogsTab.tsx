import type { Service, TaskDefinition } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMemo, useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { logOutputsOf } from "../../aws/logEvents.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition, useTasks } from "../../live/queries.ts";
import { joinQueries } from "../../live/useLive.ts";
import { Select } from "../../parts/choices.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { LogView } from "./LogView.tsx";

/** The logs of the service's containers: from CloudWatch Logs, or as the server keeps them. */
export function ServiceLogsTab({ service, cluster }: { service: Service; cluster: string }) {
  return (
    <QueryContent query={useDefinition(service.taskDefinition)}>
      {(definition) => <Logs service={service} cluster={cluster} definition={definition} />}
    </QueryContent>
  );
}

function Logs({ service, cluster, definition }: { service: Service; cluster: string; definition: TaskDefinition | undefined }) {
  const text = useText().services.logs;
  // The same objects in each render: another output is read from its beginning.
  const outputs = useMemo(() => (definition ? logOutputsOf(definition) : []), [definition]);
  const serviceName = service.serviceName ?? "";
  const running = useTasks({ cluster, serviceName, desiredStatus: "RUNNING" });
  const stopped = useTasks({ cluster, serviceName, desiredStatus: "STOPPED" });
  const tasks = joinQueries(running, stopped, (a, b) => [...a, ...b]);
  const [container, setContainer] = useState(outputs[0]?.container ?? "");
  const [task, setTask] = useState("");
  const [pattern, setPattern] = useState("");
  const [patternInput, setPatternInput] = useState("");
  const [follow, setFollow] = useState(true);
  const ids = [...(running.data ?? []), ...(stopped.data ?? [])].map(({ taskArn }) => nameOf(taskArn));
  const output = outputs.find((candidate) => candidate.container === container) ?? outputs[0];
  if (!output) return null;
  const taskOptions = [{ value: "", label: text.allTasks }, ...ids.map((id) => ({ value: id, label: id }))];
  return (
    <Container
      header={
        <Header variant="h2" description={output.group === null ? text.serverOutput : <>{text.group}: <code>{output.group}</code></>} actions={
          <Toggle checked={follow} onChange={({ detail }) => { setFollow(detail.checked); }}>{text.follow}</Toggle>
        }>
          {text.title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <SpaceBetween size="m" direction="horizontal">
          <FormField label={text.container}>
            <Select
              optionsFrom={null}
              selectedOption={{ value: output.container, label: output.container }}
              options={outputs.map((option) => ({ value: option.container, label: option.container }))}
              onChange={({ detail }) => { setContainer(detail.selectedOption.value ?? ""); }}
            />
          </FormField>
          <FormField label={text.task}>
            <Select
              optionsFrom={tasks}
              selectedOption={taskOptions.find(({ value }) => value === task) ?? null}
              options={taskOptions}
              onChange={({ detail }) => { setTask(detail.selectedOption.value ?? ""); }}
            />
          </FormField>
          <FormField label={text.pattern}>
            <Input
              type="search"
              value={patternInput}
              placeholder={text.patternExample}
              onChange={({ detail }) => {
                setPatternInput(detail.value);
                if (detail.value === "") setPattern("");
              }}
              onKeyDown={({ detail }) => { if (detail.key === "Enter") setPattern(patternInput); }}
              onBlur={() => { setPattern(patternInput); }}
            />
          </FormField>
        </SpaceBetween>
        <LogView key={`${output.container} ${task} ${pattern}`} output={output} tasks={task ? [task] : ids} pattern={pattern} follow={follow} />
        <Box color="text-body-secondary" fontSize="body-s">{output.group === null ? null : text.limit}</Box>
      </SpaceBetween>
    </Container>
  );
}
