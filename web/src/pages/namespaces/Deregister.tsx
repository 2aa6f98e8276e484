import { deregisterInstance, type Instance } from "../../aws/discoveryServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Confirm } from "../../parts/Confirm.tsx";

export interface DeregisterProps {
  /** Id of the service. */
  readonly service: string;
  readonly instance: Instance;
  /** Whether the service has no other. */
  readonly last: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** What ECS registered the API refuses to deregister while its task runs; the dialog says so before. */
export function Deregister({ service, instance, last, onClose, onDone }: DeregisterProps) {
  const text = useText().namespaces.deregister;
  const target = useTarget();
  const id = instance.Id ?? "";
  const owner = instance.Attributes?.ECS_SERVICE_NAME;
  return (
    <Confirm
      title={text.title(id)}
      effect={owner === undefined ? (last ? text.effectOfLast : text.effect) : text.ofEcs(owner)}
      action={text.action}
      done={text.done(id)}
      perform={() => deregisterInstance(target, service, id)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
