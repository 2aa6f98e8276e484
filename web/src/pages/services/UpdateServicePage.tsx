import type { Service } from "@aws-sdk/client-ecs";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { updateService } from "../../aws/services.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useService } from "../../live/queries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { startsDeployment, draftOf, updateInput } from "./draft.ts";
import { ServiceForm } from "./ServiceForm.tsx";

export default function UpdateServicePage() {
  const text = useText();
  const { cluster = "", service: name = "" } = useParams();
  const crumbs = [
    { text: text.clusters.title, path: paths.clusters },
    { text: cluster, path: paths.cluster(cluster) },
    { text: name, path: paths.service(cluster, name) },
    { text: text.services.update },
  ];
  return (
    <PageLayout title={text.services.form.editTitle(name)} breadcrumbs={crumbs} contentType="form">
      <QueryContent query={useService(cluster, name)}>{(service) => <UpdateForm cluster={cluster} service={service} />}</QueryContent>
    </PageLayout>
  );
}

/** The form sends only what differs from the service when it opened. */
function UpdateForm({ cluster, service }: { cluster: string; service: Service }) {
  const text = useText().services.form;
  const target = useTarget();
  const [original] = useState(service);
  return (
    <ServiceForm
      editing
      cluster={cluster}
      initial={draftOf(original)}
      save={(draft, mode) => updateService(target, updateInput(cluster, original, draft, mode))}
      effect={(draft, mode) => {
        const input = updateInput(cluster, original, draft, mode);
        if (startsDeployment(input)) return text.startsDeployment;
        return Object.keys(input).length > 2 ? text.noDeployment : text.noChanges;
      }}
    />
  );
}
