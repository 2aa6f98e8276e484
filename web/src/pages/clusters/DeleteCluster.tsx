import { deleteCluster } from "../../aws/clusters.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Confirm } from "../../parts/Confirm.tsx";

export interface DeleteClusterProps {
  readonly name: string;
  readonly services: number;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** The API deletes an empty cluster only; the dialog says so before, and shows its refusal after. */
export function DeleteCluster({ name, services, onClose, onDone }: DeleteClusterProps) {
  const text = useText().clusters;
  const target = useTarget();
  return (
    <Confirm
      title={text.deleteTitle(name)}
      effect={services > 0 ? text.deleteNotEmpty(services) : text.deleteEffect}
      action={text.delete}
      done={text.deleted(name)}
      typed={name}
      perform={() => deleteCluster(target, name)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
