// The form for creating and updating a service.

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
import { type ApiError, formatApiError, toApiError } from "../../aws/apiError.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useDefinition } from "../../live/queries.ts";
import { TagsField } from "../../parts/Tags.tsx";
import { type ServiceDraft, usesAwsvpc, endpointsOf } from "./draft.ts";
import { BalancingFields } from "./fields/BalancingFields.tsx";
import { ConnectFields } from "./fields/ConnectFields.tsx";
import { DeploymentFields } from "./fields/DeploymentFields.tsx";
import { NetworkFields } from "./fields/NetworkFields.tsx";
import { ServiceFields } from "./fields/ServiceFields.tsx";
import { type FieldErrors, fieldOf, problemsOf } from "./problems.ts";

export interface ServiceFormProps {
  readonly cluster: string;
  readonly initial: ServiceDraft;
  readonly editing: boolean;
  readonly save: (draft: ServiceDraft, mode: NetworkMode | undefined) => Promise<void>;
  /** A description of the effect of saving, above the buttons. */
  readonly effect?: (draft: ServiceDraft, mode: NetworkMode | undefined) => ReactNode;
}

export function ServiceForm({ cluster, initial, editing, save, effect }: ServiceFormProps) {
  const text = useText();
  const words = text.services.form;
  const navigate = useNavigate();
  const flash = useFlash();
  const [draft, setDraft] = useState(initial);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [isChecked, setIsChecked] = useState(false); // whether problems are shown: after the first attempt
  const taskDefinition = draft.revision ? `${draft.family}:${draft.revision}` : draft.family;
  const definition = useDefinition(taskDefinition || undefined).data;
  const name = draft.name || draft.family; // the placeholder of the empty field
  const completeDraft = { ...draft, endpoints: endpointsOf(definition, draft.endpoints, editing ? undefined : name) };
  const defaultNamespace = useCluster(cluster).data?.serviceConnectDefaults?.namespace;
  const problems = problemsOf(completeDraft, name, definition?.networkMode, defaultNamespace);
  const errorField = error === null ? undefined : fieldOf(error);
  const errors: FieldErrors = {
    ...(isChecked ? Object.fromEntries(Object.entries(problems).map(([field, kind]) => [field, words.problems[kind]])) : {}),
    ...(error !== null && errorField !== undefined ? { [errorField]: formatApiError(error) } : {}),
  };
  const change = (part: Partial<ServiceDraft>) => {
    setError(null); // the API rejected the former values
    setDraft((current) => ({ ...current, ...part }));
  };
  const fields = { draft: completeDraft, change, editing, errors };
  const back = editing ? paths.service(cluster, initial.name) : paths.cluster(cluster);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setIsChecked(true);
    if (busy || Object.keys(problems).length > 0) return;
    setBusy(true);
    save({ ...completeDraft, name }, definition?.networkMode).then(
      () => {
        flash.done(editing ? words.saved(name) : words.created(name));
        void navigate(paths.service(cluster, name, "deployments"));
      },
      (failure: unknown) => {
        setError(toApiError(failure));
        setBusy(false);
      },
    );
  };

  return (
    <form onSubmit={submit}>
      <Form
        header={<Header variant="h1">{editing ? words.editTitle(initial.name) : text.services.create}</Header>}
        errorText={error !== null && errorField === undefined ? formatApiError(error) : isChecked && Object.keys(problems).length > 0 ? words.correct : ""}
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
          {usesAwsvpc(definition?.networkMode) ? <NetworkFields {...fields} /> : null}
          <BalancingFields {...fields} definition={definition} />
          <ConnectFields {...fields} cluster={cluster} />
          {editing ? null : <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />}
          {effect ? <Alert type="info">{effect(completeDraft, definition?.networkMode)}</Alert> : null}
        </SpaceBetween>
      </Form>
    </form>
  );
}
