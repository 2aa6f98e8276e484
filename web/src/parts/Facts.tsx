// What is known of one thing, as labels with values.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import type { ReactNode } from "react";
import { useText } from "../i18n/useText.ts";

export interface Fact {
  readonly label: string;
  readonly value: ReactNode;
}

export function Facts({ facts, columns = 4 }: { facts: readonly (Fact | null)[]; columns?: number }) {
  const none = useText().parts.none;
  const known = facts.filter((fact) => fact !== null);
  return (
    <KeyValuePairs
      columns={columns}
      items={known.map(({ label, value }) => ({ label, value: value === undefined || value === null || value === "" ? none : value }))}
    />
  );
}

/** A value that one copies rather than types. */
export function Copied({ value }: { value: string | undefined }) {
  const text = useText().parts;
  if (!value) return text.none;
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={value}
      copyButtonAriaLabel={text.copy.label}
      copySuccessText={text.copy.done}
      copyErrorText={text.copy.failed}
    />
  );
}
