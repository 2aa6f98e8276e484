// A form that creates or changes a resource. If the API rejects it, the form stays open; the error is above the buttons unless
// a field of the form shows it.

import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { useFlash } from "../app/flash.tsx";
import { type ApiError, formatApiError, toApiError } from "../aws/apiError.ts";
import { useText } from "../i18n/useText.ts";

/** The attempt to send a form. */
export interface Attempt {
  /** Whether one was made, so that the fields show what is wrong. */
  readonly isMade: boolean;
  /** Forgets the error of the API, which is about values that have changed. */
  readonly clearError: () => void;
}

export interface ResourceFormProps {
  readonly title: string;
  readonly editing: boolean;
  /** The label of the button, in place of that for a new or a changed resource. */
  readonly submit?: string;
  readonly save: () => Promise<void>;
  /** The flash message on success. */
  readonly done: string;
  /** The path to go to on success. */
  readonly next: string;
  /** The path to go to on cancel. */
  readonly back: string;
  /** Whether a field shows the error. */
  readonly isShown?: (error: ApiError) => boolean;
  /** Whether fields are wrong: then nothing is sent. */
  readonly isWrong?: boolean;
  /** The fields. `error`: why the API has rejected them; null if it has not. */
  readonly children: (error: ApiError | null, attempt: Attempt) => ReactNode;
}

export function ResourceForm({ title, editing, submit: label, save, done, next, back, isShown, isWrong = false, children }: ResourceFormProps) {
  const { parts: { form: text }, services: { form: { correct } } } = useText();
  const navigate = useNavigate();
  const flash = useFlash();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [isMade, setIsMade] = useState(false);
  const clearError = () => { setError(null); };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setIsMade(true);
    if (busy || isWrong) return;
    setBusy(true);
    save().then(
      () => {
        flash.done(done);
        void navigate(next);
      },
      (failure: unknown) => {
        setError(toApiError(failure));
        setBusy(false);
      },
    );
  };
  return (
    <form onSubmit={submit}>
      <Form
        header={<Header variant="h1">{title}</Header>}
        errorText={error !== null && !isShown?.(error) ? formatApiError(error) : isMade && isWrong ? correct : ""}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => { void navigate(back); }}>{text.cancel}</Button>
            <Button variant="primary" loading={busy}>{label ?? (editing ? text.save : text.create)}</Button>
          </SpaceBetween>
        }
      >
        {children(error, { isMade, clearError })}
      </Form>
    </form>
  );
}
