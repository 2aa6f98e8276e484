import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { paths } from "../../app/paths.ts";
import { updateCluster } from "../../aws/clusters.ts";
import { namespaceName } from "../../aws/namespaces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useNamespaces } from "../../live/readings.ts";
import { Shown } from "../../parts/Shown.tsx";
import { ClusterForm } from "./ClusterForm.tsx";
import { insightsOf } from "./ClustersPage.tsx";

export default function EditClusterPage() {
  const text = useText().clusters;
  const target = useTarget();
  const { cluster: name = "" } = useParams();
  const found = useCluster(name);
  const namespaces = useNamespaces();
  return (
    <Frame
      title={text.form.editTitle(name)}
      breadcrumbs={[{ text: text.title, path: paths.clusters }, { text: name, path: paths.cluster(name) }, { text: text.edit }]}
      contentType="form"
    >
      <Shown found={found}>
        {(cluster) => (
          <Shown found={namespaces}>
            {(known) => (
              <ClusterForm
                editing
                save={(draft) => updateCluster(target, cluster, draft)}
                first={{
                  name,
                  namespace: namespaceName(known, cluster.serviceConnectDefaults?.namespace),
                  insights: insightsOf(cluster),
                  tags: cluster.tags ?? [],
                }}
              />
            )}
          </Shown>
        )}
      </Shown>
    </Frame>
  );
}
