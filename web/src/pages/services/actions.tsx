// What one does to a service, each with its effect said before.

import type { Service } from "@aws-sdk/client-ecs";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { definitionOf } from "../../aws/arn.ts";
import { deleteService, updateService } from "../../aws/services.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Confirm } from "../../parts/Confirm.tsx";
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

const MOST_TASKS = 10_000;

function Scale({ service, ...ends }: ActionProps) {
  const text = useText().services.scale;
  const target = useTarget();
  const [count, setCount] = useState(String(service.desiredCount ?? 0));
  const name = service.serviceName ?? "";
  const wanted = /^\d{1,5}$/.test(count) && Number(count) <= MOST_TASKS ? Number(count) : null;
  return (
    <Confirm
      {...ends}
      title={text.title(name)}
      effect={wanted === null ? text.problem : scaleEffect(text, service.desiredCount ?? 0, wanted)}
      action={text.action}
      done={text.done(name, wanted ?? 0)}
      disabled={wanted === null || wanted === service.desiredCount}
      perform={() => updateService(target, { cluster: clusterNameOf(service), service: name, desiredCount: wanted ?? 0 })}
    >
      <FormField label={text.count} errorText={wanted === null ? text.problem : ""}>
        <Input type="number" inputMode="numeric" step={1} value={count} autoFocus onChange={({ detail }) => { setCount(detail.value); }} />
      </FormField>
    </Confirm>
  );
}

type ScaleText = ReturnType<typeof useText>["services"]["scale"];

function scaleEffect(text: ScaleText, before: number, wanted: number): string {
  if (wanted > before) return text.more(wanted - before);
  if (wanted === before) return text.same(before);
  return wanted === 0 ? text.nothing(before) : text.fewer(before - wanted);
}

function Redeploy({ service, ...ends }: ActionProps) {
  const text = useText().services.redeploy;
  const target = useTarget();
  const name = service.serviceName ?? "";
  return (
    <Confirm
      {...ends}
      title={text.title(name)}
      effect={text.effect(service.runningCount ?? 0, definitionOf(service.taskDefinition))}
      action={text.action}
      done={text.done(name)}
      perform={() => updateService(target, { cluster: clusterNameOf(service), service: name, forceNewDeployment: true })}
    />
  );
}

function Delete({ service, ...ends }: ActionProps) {
  const text = useText().services.delete;
  const target = useTarget();
  const name = service.serviceName ?? "";
  return (
    <Confirm
      {...ends}
      title={text.title(name)}
      effect={text.effect(service.runningCount ?? 0)}
      action={text.action}
      done={text.done(name)}
      typed={name}
      perform={() => deleteService(target, clusterNameOf(service), name)}
    />
  );
}

const DIALOGS = { scale: Scale, redeploy: Redeploy, delete: Delete } as const;
