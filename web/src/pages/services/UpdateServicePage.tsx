import type { Service } from "@aws-sdk/client-ecs";
import { useState } from "react";
import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { paths } from "../../app/paths.ts";
import { updateService } from "../../aws/services.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useService } from "../../live/readings.ts";
import { Shown } from "../../parts/Shown.tsx";
import { deploysAnew, draftOf, updateInput } from "./draft.ts";
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
    <Frame title={text.services.form.editTitle(name)} breadcrumbs={crumbs} contentType="form">
      <Shown found={useService(cluster, name)}>{(service) => <Update cluster={cluster} service={service} />}</Shown>
    </Frame>
  );
}

/** What the form began with is what it is compared with, whatever the service does meanwhile. */
function Update({ cluster, service }: { cluster: string; service: Service }) {
  const text = useText().services.form;
  const target = useTarget();
  const [first] = useState(service);
  return (
    <ServiceForm
      editing
      cluster={cluster}
      first={draftOf(first)}
      save={(draft, mode) => updateService(target, updateInput(cluster, first, draft, mode))}
      effect={(draft, mode) => {
        const input = updateInput(cluster, first, draft, mode);
        if (deploysAnew(input)) return text.deploys;
        return Object.keys(input).length > 2 ? text.deploysNot : text.nothing;
      }}
    />
  );
}
