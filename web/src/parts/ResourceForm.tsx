// A form that creates or changes a resource. If the API rejects it, the form stays open; the error is above the buttons unless
// a field of the form shows it.

import Button from "@cloudscape-design/components/button";
import Form from "@cloudscape-design/components/form";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { useFlash } from "../app/flash.tsx";
import { type ApiError, toApiError } from "../aws/apiError.ts";
import { useText } from "../i18n/useText.ts";

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
  /** The fields, given the error of the API, if it has rejected them. */
  readonly children: (error: ApiError | null) => ReactNode;
}

export function ResourceForm({ title, editing, submit: label, save, done, next, back, isShown, children }: ResourceFormProps) {
  const text = useText().parts.form;
  const navigate = useNavigate();
  const flash = useFlash();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (busy) return;
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
        errorText={error === null || isShown?.(error) ? "" : `${error.code}: ${error.message}`}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => { void navigate(back); }}>{text.cancel}</Button>
            <Button variant="primary" loading={busy}>{label ?? (editing ? text.save : text.create)}</Button>
          </SpaceBetween>
        }
      >
        {children(error)}
      </Form>
    </form>
  );
}
