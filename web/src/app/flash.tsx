// Flash messages about the results of actions, above the page until they are dismissed.

import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { formatApiError, toApiError } from "../aws/apiError.ts";
import { useText } from "../i18n/useText.ts";

export interface Flash {
  readonly items: readonly FlashbarProps.MessageDefinition[];
  /** Adds a success message. */
  readonly done: (header: string, content?: ReactNode) => void;
  /** Adds an error message with the code and message of the API. */
  readonly failed: (header: string, error: unknown) => void;
}

const FlashContext = createContext<Flash | null>(null);
const MAX_MESSAGES = 10;

export function useFlash(): Flash {
  const flash = useContext(FlashContext);
  if (!flash) throw new Error("useFlash needs a FlashProvider");
  return flash;
}

export function FlashProvider({ children }: { children: ReactNode }) {
  const text = useText();
  const [items, setItems] = useState<readonly FlashbarProps.MessageDefinition[]>([]);
  const [, setCount] = useState(0);
  const dismissLabel = text.app.notifications.dismiss;

  const add = useCallback(
    (item: FlashbarProps.MessageDefinition) => {
      setCount((count) => {
        const id = `flash-${count}`;
        const dismiss = () => {
          setItems((current) => current.filter((other) => other.id !== id));
        };
        const message = { ...item, id, dismissible: true, dismissLabel, onDismiss: dismiss };
        setItems((current) => [message, ...current.filter((other) => other.id !== id)].slice(0, MAX_MESSAGES));
        return count + 1;
      });
    },
    [dismissLabel],
  );
  const value = useMemo<Flash>(
    () => ({
      items,
      done: (header, content) => {
        add({ type: "success", header, content });
      },
      failed: (header, error) => {
        add({ type: "error", header, content: formatApiError(toApiError(error)) });
      },
    }),
    [items, add],
  );
  return <FlashContext value={value}>{children}</FlashContext>;
}
