import type { Task } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { lazy, Suspense, useCallback, useState } from "react";
import { nameOf } from "../../aws/arn.ts";
import { type ExecConnection, startExecSession } from "../../aws/exec.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Select } from "../../parts/choices.tsx";
import { ErrorAlert } from "../../parts/QueryContent.tsx";

const Terminal = lazy(() => import("./Terminal.tsx"));
const SHELL = "/bin/sh";

type SessionState =
  | { readonly kind: "idle" | "opening" | "open" }
  | { readonly kind: "ended"; readonly code: number | null; readonly reason: string };

/** A terminal for a command in one of the task's containers. */
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
  const [connection, setConnection] = useState<ExecConnection | null>(null);
  const [state, setState] = useState<SessionState>({ kind: "idle" });
  const [error, setError] = useState<unknown>(null);
  const busy = state.kind === "opening" || state.kind === "open";
  const onOpen = useCallback(() => { setState({ kind: "open" }); }, []);
  const onEnd = useCallback((code: number | null, reason: string) => { setState({ kind: "ended", code, reason }); }, []);

  const connect = () => {
    if (busy || !command.trim()) return;
    setState({ kind: "opening" });
    setError(null);
    startExecSession(target, cluster, task, container, command).then(setConnection, (problem: unknown) => {
      setError(problem);
      setConnection(null);
      setState({ kind: "idle" });
    });
  };
  const disconnect = () => {
    setConnection(null); // unmounts the terminal, which ends the session
    setState({ kind: "idle" });
  };

  return (
    <Container header={<Header variant="h2" description={text.description}>{text.title}</Header>}>
      <SpaceBetween size="m">
        {error === null ? null : <ErrorAlert error={error} header={text.refused} />}
        <SpaceBetween size="m" direction="horizontal" alignItems="end">
          <FormField label={text.container}>
            <Select
              optionsFrom={null}
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
          <SessionStatus state={state} />
        </SpaceBetween>
        {connection === null ? null : (
          <Suspense fallback={<Box padding="l">{text.opening}</Box>}>
            <Terminal key={connection.token} connection={connection} label={text.terminal(container)} onOpen={onOpen} onEnd={onEnd} />
          </Suspense>
        )}
      </SpaceBetween>
    </Container>
  );
}

function SessionStatus({ state }: { state: SessionState }) {
  const text = useText().exec;
  switch (state.kind) {
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
