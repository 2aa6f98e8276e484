import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { familyOf } from "../../../aws/arn.ts";
import { useText } from "../../../i18n/useText.ts";
import { useFamilies, useRevisionsOf } from "../../../live/queries.ts";
import { Select } from "../../../parts/choices.tsx";
import type { ServiceFieldsProps } from "./fieldsProps.ts";

/** The task definition, the number of tasks and the launch type. `nameless`: the tasks have no service. */
export function ServiceFields({ draft, change, editing, errors, nameless = false }: ServiceFieldsProps & { readonly nameless?: boolean }) {
  const text = useText().services;
  const words = text.form;
  return (
    <Container header={<Header variant="h2">{words.service}</Header>}>
      <SpaceBetween size="l">
        <DefinitionFields draft={draft} change={change} editing={editing} errors={errors} />
        <ColumnLayout columns={2}>
          {nameless ? null : <FormField label={words.name} errorText={errors.name}>
            <Input
              value={draft.name}
              disabled={editing}
              ariaRequired
              placeholder={draft.family}
              onChange={({ detail }) => { change({ name: detail.value }); }}
            />
          </FormField>}
          <FormField label={words.desired} errorText={errors.desired}>
            <Input type="number" inputMode="numeric" value={draft.desired} onChange={({ detail }) => { change({ desired: detail.value }); }} />
          </FormField>
        </ColumnLayout>
        {editing ? null : (
          <FormField label={text.launchType} stretch>
            <Tiles
              value={draft.launchType}
              onChange={({ detail }) => { change({ launchType: detail.value === "EC2" ? "EC2" : "FARGATE" }); }}
              items={[
                { value: "FARGATE", label: "FARGATE", description: words.fargate },
                { value: "EC2", label: "EC2", description: words.ec2 },
              ]}
            />
          </FormField>
        )}
        <Checkbox checked={draft.exec} description={words.execDetail} onChange={({ detail }) => { change({ exec: detail.checked }); }}>
          {words.exec}
        </Checkbox>
      </SpaceBetween>
    </Container>
  );
}

function DefinitionFields({ draft, change, errors }: ServiceFieldsProps) {
  const text = useText().services;
  const words = text.form;
  const families = useFamilies();
  const revisions = useRevisionsOf(draft.family);
  const latest = { value: "", label: words.latest };
  const revisionNumbers = (revisions.data ?? []).map((arn) => familyOf(arn).revision ?? "");
  const revisionOptions = [latest, ...(draft.revision && !revisionNumbers.includes(draft.revision) ? [draft.revision, ...revisionNumbers] : revisionNumbers).map((value) => ({ value, label: value }))];
  return (
    <ColumnLayout columns={2}>
      <FormField label={text.definition} errorText={errors.family}>
        <Select
          optionsFrom={families}
          selectedOption={draft.family ? { value: draft.family, label: draft.family } : null}
          placeholder={words.chooseFamily}
          filteringType="auto"
          options={(families.data ?? []).map((value) => ({ value, label: value }))}
          empty={words.noFamilies}
          onChange={({ detail }) => { change({ family: detail.selectedOption.value ?? "", revision: "" }); }}
        />
      </FormField>
      <FormField label={words.revision}>
        <Select
          optionsFrom={revisions}
          selectedOption={revisionOptions.find(({ value }) => value === draft.revision) ?? latest}
          options={revisionOptions}
          disabled={!draft.family}
          onChange={({ detail }) => { change({ revision: detail.selectedOption.value ?? "" }); }}
        />
      </FormField>
    </ColumnLayout>
  );
}
