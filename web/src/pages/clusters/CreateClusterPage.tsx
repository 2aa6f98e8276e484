import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { createCluster } from "../../aws/clusters.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ClusterForm } from "./ClusterForm.tsx";

const NEW_CLUSTER = { name: "", namespace: "", insights: "disabled", tags: [] };

export default function CreateClusterPage() {
  const text = useText().clusters;
  const target = useTarget();
  return (
    <PageLayout title={text.create} breadcrumbs={[{ text: text.title, path: paths.clusters }, { text: text.create }]} contentType="form">
      <ClusterForm initial={NEW_CLUSTER} editing={false} save={(draft) => createCluster(target, draft)} />
    </PageLayout>
  );
}
