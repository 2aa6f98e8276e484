// A dialog that describes the effect of an action and asks for confirmation. If the API rejects the action, the dialog stays
// open and shows the error.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useState } from "react";
import { useFlash } from "../app/flash.tsx";
import { useText } from "../i18n/useText.ts";
import { ErrorAlert } from "./QueryContent.tsx";

export interface ConfirmDialogProps {
  readonly title: string;
  /** The consequences, in a sentence or two. */
  readonly effect: ReactNode;
  /** The label of the button. */
  readonly action: string;
  /** The flash message on success. */
  readonly done: string;
  /** A word that the user has to type first, for an action that can't be undone. */
  readonly confirmationWord?: string;
  readonly disabled?: boolean;
  readonly perform: () => Promise<void>;
  readonly onClose: () => void;
  /** Called on success, before the dialog closes. */
  readonly onDone?: () => void;
  readonly children?: ReactNode;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const text = useText().parts.confirm;
  const flash = useFlash();
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const ready = !props.disabled && (props.confirmationWord === undefined || typed === props.confirmationWord);

  const perform = () => {
    if (!ready || busy) return;
    setBusy(true);
    props.perform().then(
      () => {
        flash.done(props.done);
        props.onDone?.();
        props.onClose();
      },
      (failure: unknown) => {
        setError(failure);
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
        {error === null ? null : <ErrorAlert error={error} header={text.refused} />}
        <Box>{props.effect}</Box>
        {props.children}
        {props.confirmationWord === undefined ? null : (
          <FormField label={text.type(props.confirmationWord)}>
            <Input
              value={typed}
              placeholder={props.confirmationWord}
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
