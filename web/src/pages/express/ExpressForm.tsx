import ExpandableSection from "@cloudscape-design/components/expandable-section";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import type { ApiError } from "../../aws/apiError.ts";
import { useText } from "../../i18n/useText.ts";
import { ResourceForm, type ResourceFormProps } from "../../parts/ResourceForm.tsx";
import { TagsField } from "../../parts/Tags.tsx";
import { Environment, Variables } from "../definitions/ContainerFields.tsx";
import { SubnetsAndGroups } from "../services/fields/NetworkFields.tsx";
import { type ExpressDraft, type ExpressField, expressFieldOf } from "./expressDraft.ts";
import { ApplicationFields, type ExpressFieldsProps, SizeFields } from "./ExpressFields.tsx";

export interface ExpressFormProps extends Pick<ResourceFormProps, "title" | "editing" | "next" | "back"> {
  readonly initial: ExpressDraft;
  readonly done: (draft: ExpressDraft) => string;
  readonly save: (draft: ExpressDraft) => Promise<void>;
}

/** The fields outside the expandable section, whose errors are visible even if it is closed. */
const ALWAYS_VISIBLE: ReadonlySet<ExpressField | null> = new Set<ExpressField>(["image", "executionRoleArn", "infrastructureRoleArn", "serviceName", "cluster"]);

/** The form of an Express service: first the required fields, below them the settings with defaults. */
export function ExpressForm({ initial, save, done, ...form }: ExpressFormProps) {
  const [draft, setDraft] = useState(initial);
  const change = (part: Partial<ExpressDraft>) => { setDraft((current) => ({ ...current, ...part })); };
  return (
    <ResourceForm {...form} save={() => save(draft)} done={done(draft)} isShown={({ message }) => ALWAYS_VISIBLE.has(expressFieldOf(message))}>
      {(error) => <Fields draft={draft} change={change} editing={form.editing} errorOf={(field) => errorAt(field, error)} />}
    </ResourceForm>
  );
}

function errorAt(field: ExpressField, error: ApiError | null): string {
  return error !== null && expressFieldOf(error.message) === field ? error.message : "";
}

function Fields(props: ExpressFieldsProps) {
  const text = useText().express;
  const { draft, change, editing, errorOf } = props;
  return (
    <SpaceBetween size="l">
      <ApplicationFields {...props} />
      <ExpandableSection variant="container" headerText={text.form.additional} headerDescription={text.form.additionalDetail} defaultExpanded={editing}>
        <SpaceBetween size="l">
          <SizeFields {...props} />
          <Environment variables={draft.environment} onChange={(environment) => { change({ environment }); }} />
          <Variables
            variables={draft.secrets}
            onChange={(secrets) => { change({ secrets }); }}
            words={{ title: text.secrets, empty: text.form.noSecrets, add: text.form.addSecret, value: text.form.secretSource }}
          />
          <SubnetsAndGroups
            draft={draft}
            change={change}
            errors={{ subnets: errorOf("subnets"), groups: errorOf("securityGroups") }}
            subnetsDetail={text.form.subnetsDetail}
            groupsDetail={text.form.groupsDetail}
          />
        </SpaceBetween>
      </ExpandableSection>
      {editing ? null : <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />}
    </SpaceBetween>
  );
}
