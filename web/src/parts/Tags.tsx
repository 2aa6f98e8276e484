// Tags, as a table and as a field of a form.

import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Table from "@cloudscape-design/components/table";
import type { ReactNode } from "react";
import type { Tags } from "../aws/tags.ts";
import { useText } from "../i18n/useText.ts";

export function TagsTable({ tags, actions }: { tags: Tags; actions?: ReactNode }) {
  const text = useText().parts.tags;
  return (
    <Table
      header={<Header variant="h2" counter={`(${tags.length})`} actions={actions}>{text.title}</Header>}
      items={tags}
      trackBy="key"
      columnDefinitions={[
        { id: "key", header: text.key, cell: (tag) => tag.key, isRowHeader: true },
        { id: "value", header: text.value, cell: (tag) => tag.value },
      ]}
      empty={<Box textAlign="center">{text.none}</Box>}
    />
  );
}

export function TagsField({ tags, onChange }: { tags: Tags; onChange: (tags: Tags) => void }) {
  const text = useText().parts.tags;
  const change = (position: number, part: { key?: string; value?: string }) => {
    onChange(tags.map((tag, index) => (index === position ? { ...tag, ...part } : tag)));
  };
  return (
    <Container header={<Header variant="h2" description={text.description}>{text.title}</Header>}>
      <AttributeEditor
        items={tags}
        empty={text.none}
        addButtonText={text.add}
        removeButtonText={text.remove}
        disableAddButton={tags.length >= 50}
        onAddButtonClick={() => { onChange([...tags, { key: "", value: "" }]); }}
        onRemoveButtonClick={({ detail }) => { onChange(tags.filter((_, index) => index !== detail.itemIndex)); }}
        removeButtonAriaLabel={(tag) => `${text.remove} ${tag.key ?? ""}`}
        definition={[
          {
            label: text.key,
            control: (tag, index) => <Input value={tag.key ?? ""} ariaLabel={text.key} onChange={({ detail }) => { change(index, { key: detail.value }); }} />,
          },
          {
            label: text.value,
            control: (tag, index) => <Input value={tag.value ?? ""} ariaLabel={text.value} onChange={({ detail }) => { change(index, { value: detail.value }); }} />,
          },
        ]}
      />
    </Container>
  );
}
