import { deleteCluster } from "../../aws/clusters.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";

export interface DeleteClusterProps {
  readonly name: string;
  readonly services: number;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Deletes a cluster. The API deletes only an empty cluster, so the dialog warns if there are services. */
export function DeleteCluster({ name, services, onClose, onDone }: DeleteClusterProps) {
  const text = useText().clusters;
  const target = useTarget();
  return (
    <ConfirmDialog
      title={text.deleteTitle(name)}
      effect={services > 0 ? text.deleteNotEmpty(services) : text.deleteEffect}
      action={text.delete}
      done={text.deleted(name)}
      confirmationWord={name}
      perform={() => deleteCluster(target, name)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
