import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useText } from "../../i18n/useText.ts";
import { ContainerFields } from "./ContainerFields.tsx";
import type { DefinitionField, DefinitionProblems } from "./definitionProblems.ts";
import { type JsonObject, objectsOf, textOf, withMembers } from "./definitionJson.ts";

const MAX_CONTAINERS = 10; // as in the API

export interface DefinitionFieldsProps {
  readonly definition: JsonObject;
  /** The texts of what is wrong; null until they are to be shown. */
  readonly errors: DefinitionProblems<string> | null;
  /** Gets the whole definition. */
  readonly onChange: (definition: JsonObject) => void;
}

/** The fields of a task definition. */
export function DefinitionFields({ definition, errors, onChange }: DefinitionFieldsProps) {
  const text = useText().definitions;
  const containers = objectsOf(definition, "containerDefinitions");
  const setContainers = (changed: readonly JsonObject[]) => { onChange({ ...definition, containerDefinitions: changed }); };
  const field = (name: DefinitionField | "taskRoleArn" | "executionRoleArn", label: string, constraint?: string) => (
    <FormField label={label} constraintText={constraint} errorText={name.endsWith("Arn") ? undefined : errors?.fields[name as DefinitionField]}>
      <Input value={textOf(definition, name)} spellcheck={false} onChange={({ detail }) => { onChange(withMembers(definition, { [name]: detail.value })); }} />
    </FormField>
  );
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2" description={text.form.fieldsDetail}>{text.form.definition}</Header>}>
        <ColumnLayout columns={2}>
          {field("family", text.family)}
          {field("networkMode", text.networkMode, text.form.networkModeDetail)}
          {field("cpu", text.cpu, text.form.cpuDetail)}
          {field("memory", text.memory, text.form.memoryDetail)}
          {field("taskRoleArn", text.taskRole)}
          {field("executionRoleArn", text.executionRole)}
        </ColumnLayout>
      </Container>
      {containers.map((container, index) => (
        <ContainerFields
          key={index}
          container={container}
          errors={errors?.containers[index] ?? {}}
          onChange={(changed) => { setContainers(containers.with(index, changed)); }}
          onRemove={containers.length > 1 ? () => { setContainers(containers.filter((_, other) => other !== index)); } : null}
        />
      ))}
      <Button disabled={containers.length >= MAX_CONTAINERS} formAction="none" iconName="add-plus" onClick={() => { setContainers([...containers, { name: "", image: "", essential: true }]); }}>
        {text.form.addContainer}
      </Button>
    </SpaceBetween>
  );
}
