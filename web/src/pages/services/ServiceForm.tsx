// The form of a service, for a new one and for one that is there.

import type { NetworkMode } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { useFlash } from "../../app/flash.tsx";
import { paths } from "../../app/paths.ts";
import { faultOf } from "../../aws/fault.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition } from "../../live/readings.ts";
import { TagsField } from "../../parts/Tags.tsx";
import { type Draft, hasOwnNetwork, offersOf } from "./draft.ts";
import { ConnectFields } from "./fields/ConnectFields.tsx";
import { DeploymentFields } from "./fields/DeploymentFields.tsx";
import { NetworkFields } from "./fields/NetworkFields.tsx";
import { ServiceFields } from "./fields/ServiceFields.tsx";

export interface FieldsProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly editing: boolean;
}

export interface ServiceFormProps {
  readonly cluster: string;
  readonly first: Draft;
  readonly editing: boolean;
  readonly save: (draft: Draft, mode: NetworkMode | undefined) => Promise<void>;
  /** What saving this comes to, said above the buttons. */
  readonly effect?: (draft: Draft, mode: NetworkMode | undefined) => ReactNode;
}

export function ServiceForm({ cluster, first, editing, save, effect }: ServiceFormProps) {
  const text = useText();
  const words = text.services.form;
  const navigate = useNavigate();
  const flash = useFlash();
  const [draft, setDraft] = useState(first);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const named = draft.revision ? `${draft.family}:${draft.revision}` : draft.family;
  const definition = useDefinition(named || undefined).data;
  const whole = { ...draft, offers: offersOf(definition, draft.offers) };
  const name = draft.name || draft.family; // as the empty field says
  const change = (part: Partial<Draft>) => { setDraft((now) => ({ ...now, ...part })); };
  const fields = { draft: whole, change, editing };
  const back = editing ? paths.service(cluster, first.name) : paths.cluster(cluster);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    save({ ...whole, name }, definition?.networkMode).then(
      () => {
        flash.done(editing ? words.saved(name) : words.created(name));
        void navigate(paths.service(cluster, name, "deployments"));
      },
      (refusal: unknown) => {
        setError(refusal);
        setBusy(false);
      },
    );
  };

  return (
    <form onSubmit={submit}>
      <Form
        header={<Header variant="h1">{editing ? words.editTitle(first.name) : text.services.create}</Header>}
        errorText={error === null ? "" : `${faultOf(error).code}: ${faultOf(error).message}`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => { void navigate(back); }}>{text.parts.form.cancel}</Button>
            <Button variant="primary" loading={busy}>{editing ? text.services.update : text.parts.form.create}</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <ServiceFields {...fields} />
          <DeploymentFields {...fields} />
          {hasOwnNetwork(definition?.networkMode) ? <NetworkFields {...fields} /> : null}
          <ConnectFields {...fields} cluster={cluster} />
          {editing ? null : <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />}
          {effect ? <Alert type="info">{effect(whole, definition?.networkMode)}</Alert> : null}
        </SpaceBetween>
      </Form>
    </form>
  );
}
