// The dialogs for actions on a service. Each describes its effect.

import type { Service } from "@aws-sdk/client-ecs";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { definitionOf } from "../../aws/arn.ts";
import { deleteService, updateService } from "../../aws/services.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { clusterNameOf } from "./summary.ts";

export type Action = "scale" | "redeploy" | "delete";

export interface ActionProps {
  readonly service: Service;
  readonly onClose: () => void;
  readonly onDone?: () => void;
}

export function ServiceAction({ action, ...props }: ActionProps & { action: Action }) {
  const Dialog = DIALOGS[action];
  return <Dialog {...props} />;
}

const MAX_TASKS = 10_000;

function Scale({ service, ...callbacks }: ActionProps) {
  const text = useText().services.scale;
  const target = useTarget();
  const [count, setCount] = useState(String(service.desiredCount ?? 0));
  const name = service.serviceName ?? "";
  const desired = /^\d{1,5}$/.test(count) && Number(count) <= MAX_TASKS ? Number(count) : null;
  return (
    <ConfirmDialog
      {...callbacks}
      title={text.title(name)}
      effect={desired === null ? text.problem : scaleEffect(text, service.desiredCount ?? 0, desired)}
      action={text.action}
      done={text.done(name, desired ?? 0)}
      disabled={desired === null || desired === service.desiredCount}
      perform={() => updateService(target, { cluster: clusterNameOf(service), service: name, desiredCount: desired ?? 0 })}
    >
      <FormField label={text.count} errorText={desired === null ? text.problem : ""}>
        <Input type="number" inputMode="numeric" step={1} value={count} autoFocus onChange={({ detail }) => { setCount(detail.value); }} />
      </FormField>
    </ConfirmDialog>
  );
}

type ScaleTexts = ReturnType<typeof useText>["services"]["scale"];

function scaleEffect(text: ScaleTexts, current: number, desired: number): string {
  if (desired > current) return text.more(desired - current);
  if (desired === current) return text.same(current);
  return desired === 0 ? text.nothing(current) : text.fewer(current - desired);
}

function Redeploy({ service, ...callbacks }: ActionProps) {
  const text = useText().services.redeploy;
  const target = useTarget();
  const name = service.serviceName ?? "";
  return (
    <ConfirmDialog
      {...callbacks}
      title={text.title(name)}
      effect={text.effect(service.runningCount ?? 0, definitionOf(service.taskDefinition))}
      action={text.action}
      done={text.done(name)}
      perform={() => updateService(target, { cluster: clusterNameOf(service), service: name, forceNewDeployment: true })}
    />
  );
}

function Delete({ service, ...callbacks }: ActionProps) {
  const text = useText().services.delete;
  const target = useTarget();
  const name = service.serviceName ?? "";
  return (
    <ConfirmDialog
      {...callbacks}
      title={text.title(name)}
      effect={text.effect(service.runningCount ?? 0)}
      action={text.action}
      done={text.done(name)}
      confirmationWord={name}
      perform={() => deleteService(target, clusterNameOf(service), name)}
    />
  );
}

const DIALOGS = { scale: Scale, redeploy: Redeploy, delete: Delete } as const;
