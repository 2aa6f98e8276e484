import type { Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMemo, useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { logOutputsOf } from "../../aws/logEvents.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition } from "../../live/queries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { LogView } from "../services/LogView.tsx";

/** The logs of the task's containers: from CloudWatch Logs, or as the server keeps them. */
export function TaskLogsTab({ task }: { task: Task }) {
  return <QueryContent query={useDefinition(task.taskDefinitionArn)}>{(definition) => <Logs id={nameOf(task.taskArn)} definition={definition ?? {}} />}</QueryContent>;
}

function Logs({ id, definition }: { id: string; definition: Parameters<typeof logOutputsOf>[0] }) {
  const text = useText().services.logs;
  const outputs = useMemo(() => logOutputsOf(definition), [definition]);
  const tasks = useMemo(() => [id], [id]);
  const [container, setContainer] = useState("");
  const [follow, setFollow] = useState(true);
  const output = outputs.find((candidate) => candidate.container === container) ?? outputs[0];
  if (!output) return null;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={output.group === null ? text.serverOutput : <>{text.group}: <code>{output.group}</code></>}
          actions={<Toggle checked={follow} onChange={({ detail }) => { setFollow(detail.checked); }}>{text.follow}</Toggle>}
        >
          {text.title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        {outputs.length < 2 ? null : (
          <SegmentedControl
            label={text.container}
            selectedId={output.container}
            options={outputs.map((option) => ({ id: option.container, text: option.container }))}
            onChange={({ detail }) => { setContainer(detail.selectedId); }}
          />
        )}
        <LogView key={output.container} output={output} tasks={tasks} pattern="" follow={follow} />
        <Box color="text-body-secondary" fontSize="body-s">{output.group === null ? null : text.limit}</Box>
      </SpaceBetween>
    </Container>
  );
}
