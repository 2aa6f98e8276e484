import type { Task } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";
import { useMemo, useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { outputsOf } from "../../aws/logEvents.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition } from "../../live/readings.ts";
import { Shown } from "../../parts/Shown.tsx";
import { LogView } from "../services/LogView.tsx";

/** What each of the task's containers has written, as far as it goes to CloudWatch Logs, as it comes. */
export function LogsTab({ task }: { task: Task }) {
  const definition = useDefinition(task.taskDefinitionArn);
  return <Shown found={definition}>{(found) => <Logs id={nameOf(task.taskArn)} definition={found ?? {}} />}</Shown>;
}

function Logs({ id, definition }: { id: string; definition: Parameters<typeof outputsOf>[0] }) {
  const text = useText().services.logs;
  const nowhere = useText().task.noOutput;
  const outputs = useMemo(() => outputsOf(definition), [definition]);
  const tasks = useMemo(() => [id], [id]);
  const [container, setContainer] = useState("");
  const [follow, setFollow] = useState(true);
  const output = outputs.find((one) => one.container === container) ?? outputs[0];
  if (!output) return <Alert type="info" header={nowhere}>{text.nowhereDetail}</Alert>;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={<>{text.group}: <code>{output.group}</code></>}
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
            options={outputs.map((one) => ({ id: one.container, text: one.container }))}
            onChange={({ detail }) => { setContainer(detail.selectedId); }}
          />
        )}
        <LogView key={output.container} output={output} tasks={tasks} pattern="" follow={follow} />
        <Box color="text-body-secondary" fontSize="body-s">{text.limit}</Box>
      </SpaceBetween>
    </Container>
  );
}
