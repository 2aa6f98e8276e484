// The dialogs that register and deregister instances of a Cloud Map service.

import type { Service } from "@aws-sdk/client-servicediscovery";
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { deregisterInstance, type Instance, registerInstance } from "../../aws/discoveryServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { type Attribute, attributesOf, duplicateKey, initialAttributes, isInstanceId } from "./instanceDraft.ts";

export interface RegisterInstanceProps {
  readonly service: Service;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Registers an instance or replaces the one with the same id. The API checks which attributes are required. */
export function RegisterInstance({ service, onClose, onDone }: RegisterInstanceProps) {
  const text = useText().namespaces;
  const target = useTarget();
  const [id, setId] = useState("");
  const [attributes, setAttributes] = useState<readonly Attribute[]>(() => initialAttributes(service));
  const duplicate = duplicateKey(attributes);
  return (
    <ConfirmDialog
      title={text.register.title(service.Name ?? "")}
      effect={text.register.effect}
      action={text.register.action}
      done={text.register.done(id)}
      disabled={!isInstanceId(id) || duplicate !== undefined}
      perform={() => registerInstance(target, service.Id ?? "", id, attributesOf(attributes))}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label={text.instance.id} constraintText={text.register.idConstraint}>
        <Input value={id} autoFocus ariaRequired onChange={({ detail }) => { setId(detail.value); }} />
      </FormField>
      <FormField label={text.instance.attributes} errorText={duplicate === undefined ? "" : text.register.duplicateKey(duplicate)}>
        <AttributesField attributes={attributes} onChange={setAttributes} />
      </FormField>
    </ConfirmDialog>
  );
}

function AttributesField({ attributes, onChange }: { attributes: readonly Attribute[]; onChange: (attributes: readonly Attribute[]) => void }) {
  const text = useText().namespaces.register;
  const change = (position: number, part: Partial<Attribute>) => {
    onChange(attributes.map((attribute, index) => (index === position ? { ...attribute, ...part } : attribute)));
  };
  return (
    <AttributeEditor
      items={attributes}
      empty={text.none}
      addButtonText={text.add}
      removeButtonText={text.remove}
      onAddButtonClick={() => { onChange([...attributes, { key: "", value: "" }]); }}
      onRemoveButtonClick={({ detail }) => { onChange(attributes.filter((_, index) => index !== detail.itemIndex)); }}
      removeButtonAriaLabel={({ key }) => `${text.remove} ${key}`}
      definition={[
        {
          label: text.key,
          control: (attribute, index) => <Input value={attribute.key} ariaLabel={text.key} onChange={({ detail }) => { change(index, { key: detail.value }); }} />,
        },
        {
          label: text.value,
          control: (attribute, index) => (
            <Input value={attribute.value} ariaLabel={attribute.key || text.value} onChange={({ detail }) => { change(index, { value: detail.value }); }} />
          ),
        },
      ]}
    />
  );
}

export interface DeregisterInstanceProps {
  /** The id of the service. */
  readonly service: string;
  readonly instance: Instance;
  /** Whether it is the last instance of the service. */
  readonly isLast: boolean;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Deregisters an instance. The API rejects it for an instance of a running ECS task, so the dialog warns about that. */
export function DeregisterInstance({ service, instance, isLast, onClose, onDone }: DeregisterInstanceProps) {
  const text = useText().namespaces.deregister;
  const target = useTarget();
  const id = instance.Id ?? "";
  const owner = instance.Attributes?.ECS_SERVICE_NAME;
  return (
    <ConfirmDialog
      title={text.title(id)}
      effect={owner === undefined ? (isLast ? text.effectOfLast : text.effect) : text.ofEcs(owner)}
      action={text.action}
      done={text.done(id)}
      perform={() => deregisterInstance(target, service, id)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
