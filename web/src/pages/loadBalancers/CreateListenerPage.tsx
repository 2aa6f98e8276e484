import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { createListener } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLoadBalancer } from "../../live/elbQueries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { type ListenerDraft, ListenerForm, tlsInput } from "./ListenerForm.tsx";
import { useListenerCrumbs } from "./ListenerPage.tsx";
import { actionInput, NEW_ACTION } from "./ruleDraft.ts";

const DEFAULT_POLICY = "ELBSecurityPolicy-2016-08"; // the API's own

export default function CreateListenerPage() {
  const text = useText().rules;
  const { balancer: name = "" } = useParams();
  return (
    <PageLayout title={text.create} breadcrumbs={useListenerCrumbs(name, text.create)} contentType="form">
      <QueryContent query={useLoadBalancer(name)}>{(balancer) => <NewListener balancer={balancer} />}</QueryContent>
    </PageLayout>
  );
}

function NewListener({ balancer }: { balancer: LoadBalancer }) {
  const target = useTarget();
  const initial: ListenerDraft = { protocol: balancer.Type === "network" ? "TCP" : "HTTP", port: "80", policy: DEFAULT_POLICY, certificate: "", action: NEW_ACTION };
  const create = (draft: ListenerDraft) =>
    createListener(target, {
      LoadBalancerArn: balancer.LoadBalancerArn,
      Protocol: draft.protocol,
      Port: Number(draft.port),
      DefaultActions: [actionInput(draft.action)],
      ...tlsInput(draft),
    });
  return <ListenerForm balancer={balancer} initial={initial} editing={false} save={create} />;
}
