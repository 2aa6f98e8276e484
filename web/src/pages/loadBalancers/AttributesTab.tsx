// The attributes of a load balancer, a listener or a target group, as a table or as a form. The form shows an error of the API
// at the field of the attribute that the error names.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { useFlash } from "../../app/flash.tsx";
import { toApiError } from "../../aws/apiError.ts";
import { type Attribute, type AttributeOwner, modifyAttributes } from "../../aws/elb.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useAttributes } from "../../live/elbQueries.ts";
import { Select } from "../../parts/choices.tsx";
import { ErrorAlert, QueryContent } from "../../parts/QueryContent.tsx";

export interface AttributesTabProps {
  readonly owner: AttributeOwner;
  readonly arn: string;
}

export function AttributesTab({ owner, arn }: AttributesTabProps) {
  const query = useAttributes(owner, arn);
  const [editing, setEditing] = useState(false);
  const onEnd = () => {
    setEditing(false);
    query.reload();
  };
  return (
    <QueryContent query={query}>
      {(attributes) =>
        editing ? (
          <AttributesForm owner={owner} arn={arn} attributes={attributes} onEnd={onEnd} />
        ) : (
          <AttributesTable attributes={attributes} onEdit={() => { setEditing(true); }} />
        )
      }
    </QueryContent>
  );
}

function AttributesTable({ attributes, onEdit }: { attributes: readonly Attribute[]; onEdit: () => void }) {
  const text = useText().loadBalancers.attributes;
  return (
    <Table
      wrapLines
      header={
        <Header variant="h2" counter={`(${attributes.length})`} description={text.description} actions={<Button disabled={attributes.length === 0} onClick={onEdit}>{text.edit}</Button>}>
          {text.title}
        </Header>
      }
      items={attributes}
      trackBy="key"
      empty={<Box textAlign="center">{text.none}</Box>}
      columnDefinitions={[
        { id: "key", header: text.key, cell: ({ key }) => key, isRowHeader: true },
        { id: "value", header: text.value, cell: ({ value }) => value || <Box color="text-body-secondary">{text.empty}</Box> },
      ]}
    />
  );
}

interface AttributesFormProps extends AttributesTabProps {
  readonly attributes: readonly Attribute[];
  readonly onEnd: () => void;
}

/** The form sends all changed attributes in one request. */
function AttributesForm({ owner, arn, attributes, onEnd }: AttributesFormProps) {
  const text = useText();
  const words = text.loadBalancers.attributes;
  const target = useTarget();
  const flash = useFlash();
  const [original] = useState(attributes);
  const [edits, setEdits] = useState<ReadonlyMap<string, string>>(new Map());
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const valueOf = ({ key, value }: Attribute) => edits.get(key) ?? value;
  const changed = original.filter((one) => valueOf(one) !== one.value).map((one) => ({ key: one.key, value: valueOf(one) }));
  const rejectedKey = error === null ? undefined : attributeIn(toApiError(error).message, original);
  const save = () => {
    if (busy) return;
    setBusy(true);
    modifyAttributes(target, owner, arn, changed).then(
      () => {
        flash.done(words.saved);
        onEnd();
      },
      (failure: unknown) => {
        setError(failure);
        setBusy(false);
      },
    );
  };
  return (
    <SpaceBetween size="l">
      {error !== null && rejectedKey === undefined ? <ErrorAlert error={error} header={text.parts.confirm.refused} /> : null}
      <Table
        header={
          <Header
            variant="h2"
            actions={
              <SpaceBetween size="xs" direction="horizontal">
                <Button variant="link" onClick={onEnd}>{text.parts.form.cancel}</Button>
                <Button variant="primary" loading={busy} disabled={changed.length === 0} disabledReason={words.noChanges} onClick={save}>{text.parts.form.save}</Button>
              </SpaceBetween>
            }
          >
            {words.edit}
          </Header>
        }
        items={original}
        trackBy="key"
        wrapLines
        columnDefinitions={[
          { id: "key", header: words.key, cell: ({ key }) => key, isRowHeader: true },
          {
            id: "value",
            header: words.value,
            minWidth: 260,
            cell: (attribute) => (
              <FormField errorText={attribute.key === rejectedKey ? toApiError(error).message : ""} stretch>
                <AttributeInput attribute={{ ...attribute, value: valueOf(attribute) }} onChange={(value) => { setEdits(new Map([...edits, [attribute.key, value]])); }} />
              </FormField>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}

const SWITCH = ["true", "false"];

function AttributeInput({ attribute, onChange }: { attribute: Attribute; onChange: (value: string) => void }) {
  const { key, value } = attribute;
  if (key.endsWith(".enabled") && SWITCH.includes(value)) {
    return (
      <Select
        optionsFrom={null}
        ariaLabel={key}
        selectedOption={{ value, label: value }}
        options={SWITCH.map((option) => ({ value: option, label: option }))}
        onChange={({ detail }) => { onChange(detail.selectedOption.value ?? ""); }}
      />
    );
  }
  return <Input value={value} ariaLabel={key} onChange={({ detail }) => { onChange(detail.value); }} />;
}

/** The key of the attribute that a message names, in full or as the longest of several. */
function attributeIn(message: string, attributes: readonly Attribute[]): string | undefined {
  const named = attributes.map(({ key }) => key).filter((key) => message.includes(key));
  return named.sort((a, b) => b.length - a.length)[0];
}
