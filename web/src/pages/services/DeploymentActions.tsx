// The actions on a deployment in progress: answer a lifecycle hook, or stop the deployment with or without a rollback.

import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { answerHook, isFinished, stopDeployment } from "../../aws/deployments.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { pendingHook } from "./stages.ts";

type OpenDialog = "continue" | "rollback" | "stop" | null;

export function DeploymentActions({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services.deployment;
  const [dialog, setDialog] = useState<OpenDialog>(null);
  if (isFinished(deployment)) return null;
  const hook = pendingHook(deployment);
  const close = () => { setDialog(null); };
  const canStop = deployment.status === "IN_PROGRESS" || deployment.status === "PENDING";
  return (
    <>
      <SpaceBetween size="xs" direction="horizontal">
        {hook ? <Button variant="primary" onClick={() => { setDialog("continue"); }}>{text.continue.open}</Button> : null}
        {hook ? <Button onClick={() => { setDialog("rollback"); }}>{text.rollback.open}</Button> : null}
        {canStop ? <Button onClick={() => { setDialog("stop"); }}>{text.stop.open}</Button> : null}
      </SpaceBetween>
      {hook?.hookId && dialog === "continue" ? <AnswerHookDialog deployment={deployment} hook={hook.hookId} action="CONTINUE" onClose={close} /> : null}
      {hook?.hookId && dialog === "rollback" ? <AnswerHookDialog deployment={deployment} hook={hook.hookId} action="ROLLBACK" onClose={close} /> : null}
      {dialog === "stop" ? <StopDialog deployment={deployment} onClose={close} /> : null}
    </>
  );
}

interface AnswerHookDialogProps {
  readonly deployment: ServiceDeployment;
  readonly hook: string;
  readonly action: "CONTINUE" | "ROLLBACK";
  readonly onClose: () => void;
}

function AnswerHookDialog({ deployment, hook, action, onClose }: AnswerHookDialogProps) {
  const text = useText().services.deployment;
  const words = action === "CONTINUE" ? text.continue : text.rollback;
  const target = useTarget();
  const stage = deployment.lifecycleStage ? text.stage[deployment.lifecycleStage] : "";
  return (
    <ConfirmDialog
      title={words.title}
      effect={words.effect(stage)}
      action={words.action}
      done={words.done}
      perform={() => answerHook(target, deployment.serviceDeploymentArn ?? "", hook, action)}
      onClose={onClose}
    />
  );
}

function StopDialog({ deployment, onClose }: { deployment: ServiceDeployment; onClose: () => void }) {
  const text = useText().services.deployment.stop;
  const target = useTarget();
  const [stopType, setStopType] = useState<"ROLLBACK" | "ABORT">("ROLLBACK");
  return (
    <ConfirmDialog
      title={text.title}
      effect={stopType === "ROLLBACK" ? text.rollbackEffect : text.abortEffect}
      action={stopType === "ROLLBACK" ? text.rollback : text.abort}
      done={text.done}
      perform={() => stopDeployment(target, deployment.serviceDeploymentArn ?? "", stopType)}
      onClose={onClose}
    >
      <RadioGroup
        ariaLabel={text.stopType}
        value={stopType}
        onChange={({ detail }) => { setStopType(detail.value === "ABORT" ? "ABORT" : "ROLLBACK"); }}
        items={[{ value: "ROLLBACK", label: text.rollback }, { value: "ABORT", label: text.abort }]}
      />
    </ConfirmDialog>
  );
}
