import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { createService } from "../../aws/services.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useNetworks } from "../../live/queries.ts";
import { joinQueries } from "../../live/useLive.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { createInput, newService } from "./draft.ts";
import { ServiceForm } from "./ServiceForm.tsx";

export default function CreateServicePage() {
  const text = useText();
  const target = useTarget();
  const { cluster = "" } = useParams();
  const crumbs = [{ text: text.clusters.title, path: paths.clusters }, { text: cluster, path: paths.cluster(cluster) }, { text: text.services.create }];
  return (
    <PageLayout title={text.services.create} breadcrumbs={crumbs} contentType="form">
      <QueryContent query={joinQueries(useNetworks(), useCluster(cluster), ({ subnets }, { serviceConnectDefaults }) => newService(subnets, serviceConnectDefaults?.namespace))}>
        {(initial) => <ServiceForm cluster={cluster} initial={initial} editing={false} save={(draft, mode) => createService(target, createInput(cluster, draft, mode))} />}
      </QueryContent>
    </PageLayout>
  );
}
