// The properties of a resource as labels with values.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import type { ReactNode } from "react";
import { useText } from "../i18n/useText.ts";

export interface Property {
  readonly label: string;
  readonly value: ReactNode;
}

/** Key-value pairs. Null items are left out; an empty value is a dash. */
export function Properties({ items, columns = 4 }: { items: readonly (Property | null)[]; columns?: number }) {
  const none = useText().parts.none;
  return (
    <KeyValuePairs
      columns={columns}
      items={items.filter((item) => item !== null).map(({ label, value }) => ({ label, value: value === undefined || value === null || value === "" ? none : value }))}
    />
  );
}

/** A value with a copy button; only the button where the value is shown already. */
export function CopyableValue({ value, iconOnly = false }: { value: string | undefined; iconOnly?: boolean }) {
  const text = useText().parts;
  if (!value) return text.none;
  return (
    <CopyToClipboard
      variant={iconOnly ? "icon" : "inline"}
      textToCopy={value}
      copyButtonAriaLabel={text.copy.label}
      copySuccessText={text.copy.done}
      copyErrorText={text.copy.failed}
    />
  );
}
