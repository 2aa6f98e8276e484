// What may be done about a deployment that is under way: answer a hook, take it back, or leave everything as it stands.

import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { answerHook, isOver, stopDeployment } from "../../aws/deployments.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Confirm } from "../../parts/Confirm.tsx";
import { awaited } from "./stages.ts";

type Asked = "continue" | "rollback" | "stop" | null;

export function DeploymentActions({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services.deployment;
  const [asked, setAsked] = useState<Asked>(null);
  if (isOver(deployment)) return null;
  const hook = awaited(deployment);
  const close = () => { setAsked(null); };
  const going = deployment.status === "IN_PROGRESS" || deployment.status === "PENDING";
  return (
    <>
      <SpaceBetween size="xs" direction="horizontal">
        {hook ? <Button variant="primary" onClick={() => { setAsked("continue"); }}>{text.continue.open}</Button> : null}
        {hook ? <Button onClick={() => { setAsked("rollback"); }}>{text.rollback.open}</Button> : null}
        {going ? <Button onClick={() => { setAsked("stop"); }}>{text.stop.open}</Button> : null}
      </SpaceBetween>
      {hook?.hookId && asked === "continue" ? <Answer deployment={deployment} hook={hook.hookId} action="CONTINUE" onClose={close} /> : null}
      {hook?.hookId && asked === "rollback" ? <Answer deployment={deployment} hook={hook.hookId} action="ROLLBACK" onClose={close} /> : null}
      {asked === "stop" ? <Stop deployment={deployment} onClose={close} /> : null}
    </>
  );
}

interface AnswerProps {
  readonly deployment: ServiceDeployment;
  readonly hook: string;
  readonly action: "CONTINUE" | "ROLLBACK";
  readonly onClose: () => void;
}

function Answer({ deployment, hook, action, onClose }: AnswerProps) {
  const text = useText().services.deployment;
  const words = action === "CONTINUE" ? text.continue : text.rollback;
  const target = useTarget();
  const stage = deployment.lifecycleStage ? text.stage[deployment.lifecycleStage] : "";
  return (
    <Confirm
      title={words.title}
      effect={words.effect(stage)}
      action={words.action}
      done={words.done}
      perform={() => answerHook(target, deployment.serviceDeploymentArn ?? "", hook, action)}
      onClose={onClose}
    />
  );
}

function Stop({ deployment, onClose }: { deployment: ServiceDeployment; onClose: () => void }) {
  const text = useText().services.deployment.stop;
  const target = useTarget();
  const [how, setHow] = useState<"ROLLBACK" | "ABORT">("ROLLBACK");
  return (
    <Confirm
      title={text.title}
      effect={how === "ROLLBACK" ? text.rollbackEffect : text.abortEffect}
      action={how === "ROLLBACK" ? text.rollback : text.abort}
      done={text.done}
      perform={() => stopDeployment(target, deployment.serviceDeploymentArn ?? "", how)}
      onClose={onClose}
    >
      <RadioGroup
        ariaLabel={text.how}
        value={how}
        onChange={({ detail }) => { setHow(detail.value === "ABORT" ? "ABORT" : "ROLLBACK"); }}
        items={[{ value: "ROLLBACK", label: text.rollback }, { value: "ABORT", label: text.abort }]}
      />
    </Confirm>
  );
}
