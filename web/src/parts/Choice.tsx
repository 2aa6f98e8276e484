// What is chosen in a table, and buttons that act on it.

import Button from "@cloudscape-design/components/button";
import { type ReactNode, useState } from "react";
import { useText } from "../i18n/useText.ts";
import type { Found } from "../live/useLive.ts";

export interface Choice<T> {
  /** The newest state of it, not the one that was chosen; nothing when it is gone. */
  readonly chosen: T | undefined;
  readonly choose: (item: T | undefined) => void;
}

/** One of what was found, told apart by `id`. */
export function useChoice<T>(found: Found<readonly T[]>, id: (item: T) => string): Choice<T> {
  const [key, setKey] = useState<string | null>(null);
  return {
    chosen: found.data?.find((item) => id(item) === key),
    choose: (item) => { setKey(item === undefined ? null : id(item)); },
  };
}

export interface ActButtonProps<T> {
  readonly on: T | undefined;
  /** Whether it can be done to what is chosen. */
  readonly possible?: (item: T) => boolean;
  readonly act: (item: T) => void;
  readonly children: ReactNode;
}

/** Does something to what is chosen, and says so where nothing is. */
export function ActButton<T>({ on, possible, act, children }: ActButtonProps<T>) {
  const text = useText().parts.table;
  if (on === undefined) return <Button disabled disabledReason={text.choose}>{children}</Button>;
  return <Button disabled={possible?.(on) === false} onClick={() => { act(on); }}>{children}</Button>;
}
