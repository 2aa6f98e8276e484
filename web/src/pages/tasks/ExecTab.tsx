import type { Task } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lazy, Suspense, useCallback, useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { type Begun, beginSession } from "../../aws/exec.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { FaultAlert } from "../../parts/Shown.tsx";

const Terminal = lazy(() => import("./Terminal.tsx"));
const SHELL = "/bin/sh";

type State =
  | { readonly is: "idle" | "opening" | "open" }
  | { readonly is: "ended"; readonly code: number | null; readonly reason: string };

/** A command in one of the task's containers, in a terminal. */
export function ExecTab({ cluster, task }: { cluster: string; task: Task }) {
  const text = useText().exec;
  const containers = (task.containers ?? []).filter((one) => one.managedAgents?.some((agent) => agent.name === "ExecuteCommandAgent")).map((one) => one.name ?? "");
  if (!task.enableExecuteCommand) return <Alert type="info" header={text.off}>{text.offDetail}</Alert>;
  if (task.lastStatus !== "RUNNING") return <Alert type="info" header={text.notRunning}>{text.notRunningDetail}</Alert>;
  return <Exec cluster={cluster} task={nameOf(task.taskArn)} containers={containers} />;
}

function Exec({ cluster, task, containers }: { cluster: string; task: string; containers: readonly string[] }) {
  const text = useText().exec;
  const target = useTarget();
  const [container, setContainer] = useState(containers[0] ?? "");
  const [command, setCommand] = useState(SHELL);
  const [begun, setBegun] = useState<Begun | null>(null);
  const [state, setState] = useState<State>({ is: "idle" });
  const [error, setError] = useState<unknown>(null);
  const busy = state.is === "opening" || state.is === "open";
  const onBegun = useCallback(() => { setState({ is: "open" }); }, []);
  const onEnd = useCallback((code: number | null, reason: string) => { setState({ is: "ended", code, reason }); }, []);

  const connect = () => {
    if (busy || !command.trim()) return;
    setState({ is: "opening" });
    setError(null);
    beginSession(target, cluster, task, container, command).then(setBegun, (problem: unknown) => {
      setError(problem);
      setBegun(null);
      setState({ is: "idle" });
    });
  };
  const disconnect = () => {
    setBegun(null); // the terminal goes, and with it the session
    setState({ is: "idle" });
  };

  return (
    <Container header={<Header variant="h2" description={text.description}>{text.title}</Header>}>
      <SpaceBetween size="m">
        {error === null ? null : <FaultAlert error={error} header={text.refused} />}
        <SpaceBetween size="m" direction="horizontal" alignItems="end">
          <FormField label={text.container}>
            <Select
              disabled={busy}
              selectedOption={{ value: container, label: container }}
              options={containers.map((name) => ({ value: name, label: name }))}
              onChange={({ detail }) => { setContainer(detail.selectedOption.value ?? ""); }}
            />
          </FormField>
          <FormField label={text.command}>
            <Input
              value={command}
              disabled={busy}
              spellcheck={false}
              onChange={({ detail }) => { setCommand(detail.value); }}
              onKeyDown={({ detail }) => { if (detail.key === "Enter") connect(); }}
            />
          </FormField>
          {busy ? <Button onClick={disconnect}>{text.disconnect}</Button> : <Button variant="primary" onClick={connect}>{text.connect}</Button>}
          <Standing state={state} />
        </SpaceBetween>
        {begun === null ? null : (
          <Suspense fallback={<Box padding="l">{text.opening}</Box>}>
            <Terminal key={begun.token} begun={begun} label={text.terminal(container)} onBegun={onBegun} onEnd={onEnd} />
          </Suspense>
        )}
      </SpaceBetween>
    </Container>
  );
}

function Standing({ state }: { state: State }) {
  const text = useText().exec;
  switch (state.is) {
    case "idle":
      return null;
    case "opening":
      return <StatusIndicator type="loading">{text.opening}</StatusIndicator>;
    case "open":
      return <StatusIndicator type="success">{text.open}</StatusIndicator>;
    case "ended":
      return (
        <StatusIndicator type={state.code === 0 ? "success" : "warning"}>
          {state.code === null ? text.lost(state.reason) : text.ended(state.code)}
        </StatusIndicator>
      );
  }
}
