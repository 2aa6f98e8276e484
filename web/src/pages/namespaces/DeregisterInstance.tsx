import { deregisterInstance, type Instance } from "../../aws/discoveryServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";

export interface DeregisterInstanceProps {
  /** The id of the service. */
  readonly service: string;
  readonly instance: Instance;
  /** Whether it is the last instance of the service. */
  readonly isLast: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Deregisters an instance. The API rejects it for an instance of a running ECS task, so the dialog warns about that. */
export function DeregisterInstance({ service, instance, isLast, onClose, onDone }: DeregisterInstanceProps) {
  const text = useText().namespaces.deregister;
  const target = useTarget();
  const id = instance.Id ?? "";
  const owner = instance.Attributes?.ECS_SERVICE_NAME;
  return (
    <ConfirmDialog
      title={text.title(id)}
      effect={owner === undefined ? (isLast ? text.effectOfLast : text.effect) : text.ofEcs(owner)}
      action={text.action}
      done={text.done(id)}
      perform={() => deregisterInstance(target, service, id)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
