import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { updateCluster } from "../../aws/clusters.ts";
import { namespaceName } from "../../aws/namespaces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useNamespaces } from "../../live/queries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { ClusterForm } from "./ClusterForm.tsx";
import { insightsOf } from "./ClustersPage.tsx";

export default function EditClusterPage() {
  const text = useText().clusters;
  const target = useTarget();
  const { cluster: name = "" } = useParams();
  const query = useCluster(name);
  const namespaces = useNamespaces();
  return (
    <PageLayout
      title={text.form.editTitle(name)}
      breadcrumbs={[{ text: text.title, path: paths.clusters }, { text: name, path: paths.cluster(name) }, { text: text.edit }]}
      contentType="form"
    >
      <QueryContent query={query}>
        {(cluster) => (
          <QueryContent query={namespaces}>
            {(allNamespaces) => (
              <ClusterForm
                editing
                save={(draft) => updateCluster(target, cluster, draft)}
                initial={{
                  name,
                  namespace: namespaceName(allNamespaces, cluster.serviceConnectDefaults?.namespace),
                  insights: insightsOf(cluster),
                  tags: cluster.tags ?? [],
                }}
              />
            )}
          </QueryContent>
        )}
      </QueryContent>
    </PageLayout>
  );
}
