import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { formatApiError } from "../../aws/apiError.ts";
import { modifyTargetGroup } from "../../aws/targetGroups.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useTargetGroup } from "../../live/elbQueries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { HealthCheckFields, healthCheckFieldOf } from "./HealthCheckFields.tsx";
import { type HealthCheckDraft, healthCheckDraftOf, healthCheckInput } from "./healthCheckDraft.ts";

export default function EditHealthCheckPage() {
  const text = useText().targetGroups;
  const { group: name = "" } = useParams();
  const crumbs = [{ text: text.title, path: paths.targetGroups }, { text: name, path: paths.targetGroup(name) }, { text: text.check.title }];
  return (
    <PageLayout title={text.check.editTitle(name)} breadcrumbs={crumbs} contentType="form">
      <QueryContent query={useTargetGroup(name)}>{(group) => <EditForm group={group} />}</QueryContent>
    </PageLayout>
  );
}

/** The form sends only the settings that differ from those when it opened. */
function EditForm({ group }: { group: TargetGroup }) {
  const text = useText().targetGroups.check;
  const target = useTarget();
  const [original] = useState(() => healthCheckDraftOf(group));
  const [draft, setDraft] = useState(original);
  const { TargetGroupName: name = "", TargetGroupArn: arn } = group;
  const save = () => modifyTargetGroup(target, { TargetGroupArn: arn, ...healthCheckInput(draft, original, group.ProtocolVersion === "GRPC") });
  const tab = paths.targetGroup(name, "health-check");
  return (
    <ResourceForm title={text.editTitle(name)} editing save={save} done={text.saved} next={tab} back={tab} isShown={({ message }) => healthCheckFieldOf(message) !== null}>
      {(error) => (
        <HealthCheckFields
          draft={draft}
          change={(part: Partial<HealthCheckDraft>) => { setDraft((current) => ({ ...current, ...part })); }}
          errorOf={(field) => (error !== null && healthCheckFieldOf(error.message) === field ? formatApiError(error) : "")}
        />
      )}
    </ResourceForm>
  );
}
