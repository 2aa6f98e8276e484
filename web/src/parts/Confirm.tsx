// Asks before something is done, and says what it will come to. What the server refuses stays in the dialog, in its words.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { useFlash } from "../app/flash.tsx";
import { useText } from "../i18n/useText.ts";
import { FaultAlert } from "./Shown.tsx";

export interface ConfirmProps {
  readonly title: string;
  /** What will happen, in a sentence or two. */
  readonly effect: ReactNode;
  /** The button's word. */
  readonly action: string;
  /** Said when it was done. */
  readonly done: string;
  /** A word that has to be typed first; for what can't be undone. */
  readonly typed?: string;
  readonly disabled?: boolean;
  readonly perform: () => Promise<void>;
  readonly onClose: () => void;
  /** After it was done, before the dialog goes. */
  readonly onDone?: () => void;
  readonly children?: ReactNode;
}

export function Confirm(props: ConfirmProps) {
  const text = useText().parts.confirm;
  const flash = useFlash();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = !props.disabled && (props.typed === undefined || typed === props.typed);

  const perform = () => {
    if (!ready || busy) return;
    setBusy(true);
    props.perform().then(
      () => {
        flash.done(props.done);
        props.onDone?.();
        props.onClose();
      },
      (refusal: unknown) => {
        setError(refusal);
        setBusy(false);
      },
    );
  };

  return (
    <Modal
      visible
      header={props.title}
      onDismiss={props.onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onClose}>{text.cancel}</Button>
            <Button variant="primary" loading={busy} disabled={!ready} onClick={perform}>{props.action}</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error === null ? null : <FaultAlert error={error} header={text.refused} />}
        <Box>{props.effect}</Box>
        {props.children}
        {props.typed === undefined ? null : (
          <FormField label={text.type(props.typed)}>
            <Input
              value={typed}
              placeholder={props.typed}
              autoComplete={false}
              ariaRequired
              onChange={({ detail }) => { setTyped(detail.value); }}
              onKeyDown={({ detail }) => { if (detail.key === "Enter") perform(); }}
            />
          </FormField>
        )}
      </SpaceBetween>
    </Modal>
  );
}
