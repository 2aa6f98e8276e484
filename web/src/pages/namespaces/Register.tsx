import type { Service } from "@aws-sdk/client-servicediscovery";
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { registerInstance } from "../../aws/discoveryServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Confirm } from "../../parts/Confirm.tsx";
import { type Attribute, attributesOf, firstAttributes, isInstanceId, twice } from "./instanceDraft.ts";

export interface RegisterProps {
  readonly service: Service;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Registers an instance, in place of one with the same id; which attributes there must be, the API knows and says. */
export function Register({ service, onClose, onDone }: RegisterProps) {
  const text = useText().namespaces;
  const target = useTarget();
  const [id, setId] = useState("");
  const [attributes, setAttributes] = useState<readonly Attribute[]>(() => firstAttributes(service));
  const double = twice(attributes);
  return (
    <Confirm
      title={text.register.title(service.Name ?? "")}
      effect={text.register.effect}
      action={text.register.action}
      done={text.register.done(id)}
      disabled={!isInstanceId(id) || double !== undefined}
      perform={() => registerInstance(target, service.Id ?? "", id, attributesOf(attributes))}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label={text.instance.id} constraintText={text.register.idConstraint}>
        <Input value={id} autoFocus ariaRequired onChange={({ detail }) => { setId(detail.value); }} />
      </FormField>
      <FormField label={text.instance.attributes} errorText={double === undefined ? "" : text.register.twice(double)}>
        <AttributesField attributes={attributes} onChange={setAttributes} />
      </FormField>
    </Confirm>
  );
}

function AttributesField({ attributes, onChange }: { attributes: readonly Attribute[]; onChange: (attributes: readonly Attribute[]) => void }) {
  const text = useText().namespaces.register;
  const change = (at: number, part: Partial<Attribute>) => {
    onChange(attributes.map((one, index) => (index === at ? { ...one, ...part } : one)));
  };
  return (
    <AttributeEditor
      items={attributes}
      empty={text.none}
      addButtonText={text.add}
      removeButtonText={text.remove}
      onAddButtonClick={() => { onChange([...attributes, { key: "", value: "" }]); }}
      onRemoveButtonClick={({ detail }) => { onChange(attributes.filter((_, index) => index !== detail.itemIndex)); }}
      removeButtonAriaLabel={(one) => `${text.remove} ${one.key}`}
      definition={[
        {
          label: text.key,
          control: (one, at) => <Input value={one.key} ariaLabel={text.key} onChange={({ detail }) => { change(at, { key: detail.value }); }} />,
        },
        {
          label: text.value,
          control: (one, at) => (
            <Input value={one.value} ariaLabel={one.key || text.value} onChange={({ detail }) => { change(at, { value: detail.value }); }} />
          ),
        },
      ]}
    />
  );
}
