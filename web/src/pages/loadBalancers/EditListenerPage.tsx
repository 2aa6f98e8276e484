import type { Listener, LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { modifyListener } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useListener } from "../../live/elbQueries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { type ListenerDraft, ListenerForm, tlsInput } from "./ListenerForm.tsx";
import { useListenerCrumbs } from "./ListenerPage.tsx";
import { actionDraftOf, actionInput } from "./ruleDraft.ts";

export default function EditListenerPage() {
  const text = useText().rules;
  const { balancer: name = "", port = "" } = useParams();
  return (
    <PageLayout title={text.edit} breadcrumbs={useListenerCrumbs(name, text.edit)} contentType="form">
      <QueryContent query={useListener(name, port)}>{({ balancer, listener }) => <EditForm balancer={balancer} listener={listener} />}</QueryContent>
    </PageLayout>
  );
}

function draftOf(listener: Listener): ListenerDraft {
  return {
    protocol: listener.Protocol ?? "HTTP",
    port: String(listener.Port ?? ""),
    policy: listener.SslPolicy ?? "",
    certificate: listener.Certificates?.[0]?.CertificateArn ?? "",
    action: actionDraftOf(listener.DefaultActions?.[0]),
  };
}

/** The form sends only the settings that differ from those when it opened. */
function EditForm({ balancer, listener }: { balancer: LoadBalancer; listener: Listener }) {
  const target = useTarget();
  const [original] = useState(() => draftOf(listener));
  const save = (draft: ListenerDraft) => {
    const isChanged = (part: keyof ListenerDraft) => JSON.stringify(draft[part]) !== JSON.stringify(original[part]);
    return modifyListener(target, {
      ListenerArn: listener.ListenerArn,
      ...(isChanged("port") ? { Port: Number(draft.port) } : {}),
      ...(isChanged("protocol") ? { Protocol: draft.protocol } : {}),
      ...(isChanged("protocol") || isChanged("policy") || isChanged("certificate") ? tlsInput(draft) : {}),
      ...(isChanged("action") ? { DefaultActions: [actionInput(draft.action)] } : {}),
    });
  };
  return <ListenerForm balancer={balancer} initial={original} editing save={save} />;
}
