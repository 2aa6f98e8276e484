import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useText } from "../../i18n/useText.ts";
import type { ContainerField, FieldProblems } from "./definitionProblems.ts";
import { commandOf, environmentOf, type JsonObject, type Pair, type Port, portsOf, textOf, withCommand, withMembers, withPorts } from "./definitionJson.ts";

export interface ContainerFieldsProps {
  readonly container: JsonObject;
  readonly errors: FieldProblems<ContainerField, string>;
  readonly onChange: (container: JsonObject) => void;
  /** Null for the only container. */
  readonly onRemove: (() => void) | null;
}

/** The fields of a container. */
export function ContainerFields({ container, errors, onChange, onRemove }: ContainerFieldsProps) {
  const text = useText().definitions;
  const words = text.form;
  const name = textOf(container, "name");
  const command = commandOf(container);
  const title = words.container(name);
  return (
    <Container header={<Header variant="h2" actions={onRemove && <Button formAction="none" ariaLabel={words.removeNamed(name)} onClick={onRemove}>{words.remove}</Button>}>{title}</Header>}>
      <SpaceBetween size="l">
        <ColumnLayout columns={2}>
          <FormField label={words.containerName} errorText={errors.name}>
            <Input value={name} spellcheck={false} onChange={({ detail }) => { onChange({ ...container, name: detail.value }); }} />
          </FormField>
          <FormField label={text.container.image} constraintText={words.imageDetail} errorText={errors.image}>
            <Input value={textOf(container, "image")} spellcheck={false} onChange={({ detail }) => { onChange({ ...container, image: detail.value }); }} />
          </FormField>
        </ColumnLayout>
        <Checkbox checked={container.essential !== false} description={words.essentialDetail} onChange={({ detail }) => { onChange({ ...container, essential: detail.checked }); }}>{text.container.essential}</Checkbox>
        <FormField label={text.container.command} constraintText={command === null ? words.commandAsJson : words.commandDetail} stretch>
          <Textarea value={command ?? JSON.stringify(container.command)} readOnly={command === null} rows={2} spellcheck={false} onChange={({ detail }) => { onChange(withCommand(container, detail.value)); }} />
        </FormField>
        <Ports ports={portsOf(container)} error={errors.ports} onChange={(ports) => { onChange(withPorts(container, ports)); }} />
        <Environment variables={environmentOf(container)} onChange={(environment) => { onChange(withMembers(container, { environment })); }} />
      </SpaceBetween>
    </Container>
  );
}

function Ports({ ports, error, onChange }: { ports: readonly Port[]; error: string | undefined; onChange: (ports: readonly Port[]) => void }) {
  const text = useText().definitions.form;
  const input = (member: Exclude<keyof Port, "mapping">, label: string) => ({
    label,
    control: (port: Port, index: number) => (
      <Input value={port[member]} ariaLabel={label} spellcheck={false} onChange={({ detail }) => { onChange(ports.with(index, { ...port, [member]: detail.value })); }} />
    ),
  });
  return (
    <FormField label={text.ports} constraintText={text.portsDetail} errorText={error} stretch>
      <AttributeEditor
        items={ports}
        empty={text.noPorts}
        addButtonText={text.addPort}
        removeButtonText={text.remove}
        removeButtonAriaLabel={(port) => text.removeNamed(port.containerPort)}
        onAddButtonClick={() => { onChange([...ports, { mapping: {}, name: "", containerPort: "", appProtocol: "" }]); }}
        onRemoveButtonClick={({ detail }) => { onChange(ports.filter((_, index) => index !== detail.itemIndex)); }}
        definition={[input("containerPort", text.containerPort), input("name", text.portName), input("appProtocol", text.appProtocol)]}
      />
    </FormField>
  );
}

export interface VariablesProps {
  readonly variables: readonly Pair[];
  readonly onChange: (variables: readonly Pair[]) => void;
  readonly words: { readonly title: string; readonly empty: string; readonly add: string; readonly value: string };
}

/** The environment variables of a container. */
export function Environment(props: Omit<VariablesProps, "words">) {
  const { container, form } = useText().definitions;
  return <Variables {...props} words={{ title: container.environment, empty: form.noVariables, add: form.addVariable, value: form.value }} />;
}

/** Environment variables with their values, or with the ARNs of the secrets that hold their values. */
export function Variables({ variables, onChange, words }: VariablesProps) {
  const text = useText().definitions;
  const input = (member: keyof Pair, label: string) => ({
    label,
    control: (variable: Pair, index: number) => (
      <Input value={variable[member]} ariaLabel={label} spellcheck={false} onChange={({ detail }) => { onChange(variables.with(index, { ...variable, [member]: detail.value })); }} />
    ),
  });
  return (
    <FormField label={words.title} stretch>
      <AttributeEditor
        items={variables}
        empty={words.empty}
        addButtonText={words.add}
        removeButtonText={text.form.remove}
        removeButtonAriaLabel={(variable) => text.form.removeNamed(variable.name)}
        onAddButtonClick={() => { onChange([...variables, { name: "", value: "" }]); }}
        onRemoveButtonClick={({ detail }) => { onChange(variables.filter((_, index) => index !== detail.itemIndex)); }}
        definition={[input("name", text.form.variable), input("value", words.value)]}
      />
    </FormField>
  );
}
