// The form for creating and editing a cluster, with the fields of AWS's console.

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { useFlash } from "../../app/flash.tsx";
import { paths } from "../../app/paths.ts";
import type { ClusterDraft } from "../../aws/clusters.ts";
import { formatApiError, toApiError } from "../../aws/apiError.ts";
import { useText } from "../../i18n/useText.ts";
import { useNamespaces } from "../../live/queries.ts";
import { Autosuggest } from "../../parts/choices.tsx";
import { TagsField } from "../../parts/Tags.tsx";

const NAME = /^[a-zA-Z0-9_-]{1,255}$/;

export interface ClusterFormProps {
  readonly initial: ClusterDraft;
  /** Whether the cluster exists, so that its name can't be changed. */
  readonly editing: boolean;
  readonly save: (draft: ClusterDraft) => Promise<void>;
}

export function ClusterForm({ initial, editing, save }: ClusterFormProps) {
  const text = useText();
  const words = text.clusters.form;
  const navigate = useNavigate();
  const flash = useFlash();
  const [draft, setDraft] = useState(initial);
  const [submitted, setSubmitted] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const nameProblem = NAME.test(draft.name) ? "" : words.nameProblem;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (nameProblem || busy) return;
    setBusy(true);
    save(draft).then(
      () => {
        flash.done(editing ? words.saved(draft.name) : words.created(draft.name));
        void navigate(paths.cluster(draft.name));
      },
      (failure: unknown) => {
        setError(failure);
        setBusy(false);
      },
    );
  };
  const change = (part: Partial<ClusterDraft>) => { setDraft({ ...draft, ...part }); };
  const back = editing ? paths.cluster(draft.name) : paths.clusters;

  return (
    <form onSubmit={submit}>
      <Form
        header={<Header variant="h1">{editing ? words.editTitle(draft.name) : text.clusters.create}</Header>}
        errorText={error === null ? "" : formatApiError(toApiError(error))}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => { void navigate(back); }}>{text.parts.form.cancel}</Button>
            <Button variant="primary" loading={busy}>{editing ? text.parts.form.save : text.parts.form.create}</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{words.configuration}</Header>}>
            <SpaceBetween size="l">
              <FormField label={words.name} constraintText={words.nameConstraint} errorText={submitted ? nameProblem : ""}>
                <Input value={draft.name} disabled={editing} autoFocus={!editing} ariaRequired onChange={({ detail }) => { change({ name: detail.value }); }} />
              </FormField>
              <NamespaceField value={draft.namespace} onChange={(namespace) => { change({ namespace }); }} />
            </SpaceBetween>
          </Container>
          <Container header={<Header variant="h2" description={words.monitoringDetail}>{words.monitoring}</Header>}>
            <RadioGroup
              ariaLabel={text.clusters.insights}
              value={draft.insights}
              onChange={({ detail }) => { change({ insights: detail.value }); }}
              items={(["disabled", "enabled", "enhanced"] as const).map((value) => ({
                value,
                label: text.clusters.insightsValue[value],
                description: words.insightsDetail[value],
              }))}
            />
          </Container>
          <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />
        </SpaceBetween>
      </Form>
    </form>
  );
}

function NamespaceField({ value, onChange }: { value: string; onChange: (namespace: string) => void }) {
  const text = useText();
  const words = text.clusters.form;
  const query = useNamespaces();
  const options = (query.data ?? []).map((namespace) => ({
    value: namespace.Name ?? "",
    description: namespace.Description ?? namespace.Type ?? "",
  }));
  const isNew = value !== "" && !value.startsWith("arn:") && query.data !== undefined && !options.some((option) => option.value === value);
  return (
    <FormField label={<>{words.namespace} <i>– {text.parts.form.optional}</i></>} description={words.namespaceDetail}>
      <SpaceBetween size="xs">
        <Autosuggest
          optionsFrom={query}
          value={value}
          options={options}
          enteredTextLabel={(entered) => words.useName(entered)}
          empty={words.noNamespaces}
          onChange={({ detail }) => { onChange(detail.value); }}
        />
        {isNew ? <Alert type="info">{words.namespaceNew(value)}</Alert> : null}
      </SpaceBetween>
    </FormField>
  );
}
