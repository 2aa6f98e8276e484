import type { Service } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { type Output, outputsOf } from "../../aws/logEvents.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition, useTasks } from "../../live/readings.ts";
import { Shown } from "../../parts/Shown.tsx";
import { LogView } from "./LogView.tsx";

/** The output of the service's containers, as far as it goes to CloudWatch Logs, as it comes. */
export function LogsTab({ service, cluster }: { service: Service; cluster: string }) {
  const definition = useDefinition(service.taskDefinition);
  return (
    <Shown found={definition}>
      {(found) => {
        const outputs = found ? outputsOf(found) : [];
        return outputs.length > 0 ? <Logs service={service} cluster={cluster} outputs={outputs} /> : <Nowhere />;
      }}
    </Shown>
  );
}

function Nowhere() {
  const text = useText().services.logs;
  return <Alert type="info" header={text.nowhere}>{text.nowhereDetail}</Alert>;
}

function Logs({ service, cluster, outputs }: { service: Service; cluster: string; outputs: readonly Output[] }) {
  const text = useText().services.logs;
  const serviceName = service.serviceName ?? "";
  const running = useTasks({ cluster, serviceName, desiredStatus: "RUNNING" }).data ?? [];
  const stopped = useTasks({ cluster, serviceName, desiredStatus: "STOPPED" }).data ?? [];
  const [container, setContainer] = useState(outputs[0]?.container ?? "");
  const [task, setTask] = useState("");
  const [pattern, setPattern] = useState("");
  const [entered, setEntered] = useState("");
  const [follow, setFollow] = useState(true);
  const ids = [...running, ...stopped].map((one) => nameOf(one.taskArn));
  const output = outputs.find((one) => one.container === container) ?? outputs[0];
  if (!output) return null;
  const choices = [{ value: "", label: text.allTasks }, ...ids.map((id) => ({ value: id, label: id }))];
  return (
    <Container
      header={
        <Header variant="h2" description={<>{text.group}: <code>{output.group}</code></>} actions={
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
              selectedOption={{ value: output.container, label: output.container }}
              options={outputs.map((one) => ({ value: one.container, label: one.container }))}
              onChange={({ detail }) => { setContainer(detail.selectedOption.value ?? ""); }}
            />
          </FormField>
          <FormField label={text.task}>
            <Select
              selectedOption={choices.find((one) => one.value === task) ?? null}
              options={choices}
              onChange={({ detail }) => { setTask(detail.selectedOption.value ?? ""); }}
            />
          </FormField>
          <FormField label={text.pattern}>
            <Input
              type="search"
              value={entered}
              placeholder={text.patternExample}
              onChange={({ detail }) => {
                setEntered(detail.value);
                if (detail.value === "") setPattern("");
              }}
              onKeyDown={({ detail }) => { if (detail.key === "Enter") setPattern(entered); }}
              onBlur={() => { setPattern(entered); }}
            />
          </FormField>
        </SpaceBetween>
        <LogView key={`${output.container} ${task} ${pattern}`} output={output} tasks={task ? [task] : ids} pattern={pattern} follow={follow} />
        <Box color="text-body-secondary" fontSize="body-s">{text.limit}</Box>
      </SpaceBetween>
    </Container>
  );
}
