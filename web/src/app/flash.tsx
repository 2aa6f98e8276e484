// Messages about what an action came to, above the page and until they are dismissed.

import type { FlashbarProps } from "@cloudscape-design/components/flashbar";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";
import { faultOf } from "../aws/fault.ts";
import { useText } from "../i18n/useText.ts";

export interface Flash {
  readonly items: readonly FlashbarProps.MessageDefinition[];
  /** Say that something was done. */
  readonly done: (header: string, content?: ReactNode) => void;
  /** Say that something failed, with the server's own message. */
  readonly failed: (header: string, error: unknown) => void;
}

const FlashContext = createContext<Flash | null>(null);
const MOST = 10;

export function useFlash(): Flash {
  const found = useContext(FlashContext);
  if (!found) throw new Error("flash messages are above every page");
  return found;
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
          setItems((now) => now.filter((one) => one.id !== id));
        };
        const whole = { ...item, id, dismissible: true, dismissLabel, onDismiss: dismiss };
        setItems((now) => [whole, ...now.filter((one) => one.id !== id)].slice(0, MOST));
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
        const fault = faultOf(error);
        add({ type: "error", header, content: `${fault.code}: ${fault.message}` });
      },
    }),
    [items, add],
  );
  return <FlashContext value={value}>{children}</FlashContext>;
}
