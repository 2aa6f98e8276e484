// The selected item of a table, and buttons that act on it.

import Button from "@cloudscape-design/components/button";
import { type ReactNode, useState } from "react";
import { useText } from "../i18n/useText.ts";
import type { LiveQuery } from "../live/useLive.ts";

export interface TableSelection<T> {
  /** The current state of the selected item; undefined when it is gone. */
  readonly selected: T | undefined;
  readonly select: (item: T | undefined) => void;
}

export function useSelection<T>(query: LiveQuery<readonly T[]>, id: (item: T) => string): TableSelection<T> {
  const [selectedId, setSelectedId] = useState<string | null>(null);
  return {
    selected: query.data?.find((item) => id(item) === selectedId),
    select: (item) => { setSelectedId(item === undefined ? null : id(item)); },
  };
}

export interface SelectionButtonProps<T> {
  readonly item: T | undefined;
  /** Whether the action is possible for the selected item. */
  readonly isEnabled?: (item: T) => boolean;
  readonly onClick: (item: T) => void;
  readonly children: ReactNode;
}

/** A button that acts on the selected item. Without one it is disabled and says why. */
export function SelectionButton<T>({ item, isEnabled, onClick, children }: SelectionButtonProps<T>) {
  const text = useText().parts.table;
  if (item === undefined) return <Button disabled disabledReason={text.choose}>{children}</Button>;
  return <Button disabled={isEnabled?.(item) === false} onClick={() => { onClick(item); }}>{children}</Button>;
}
