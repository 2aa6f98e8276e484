// The properties of a resource as labels with values.

import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Link from "@cloudscape-design/components/link";
import { Fragment, type ReactNode } from "react";
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

const WRAP = { wordBreak: "normal", overflowWrap: "anywhere" } as const;

/** A URL that opens in a new tab, with a copy button. */
export function CopyableUrl({ url }: { url: string }) {
  const text = useText().parts;
  return (
    <div style={{ overflowWrap: "anywhere" }}>
      <CopyableValue value={url} iconOnly />{" "}
      <Link external href={url} externalIconAriaLabel={text.newTab}>{url}</Link>
    </div>
  );
}

/** A value with a copy button. `iconOnly`: only the button. Long values wrap after `:` and `/`. */
export function CopyableValue({ value, iconOnly = false }: { value: string | undefined; iconOnly?: boolean }) {
  const text = useText().parts;
  if (!value) return text.none;
  return (
    <CopyToClipboard
      variant={iconOnly ? "icon" : "inline"}
      textToCopy={value}
      textToDisplay={<span style={WRAP}>{value.split(/(?<=[:/])/).map((part, index) => <Fragment key={index}>{part}<wbr /></Fragment>)}</span>}
      copyButtonAriaLabel={text.copy.label}
      copySuccessText={text.copy.done}
      copyErrorText={text.copy.failed}
    />
  );
}
