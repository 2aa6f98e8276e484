import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { type SyntheticEvent, useState } from "react";
import { useNavigate } from "react-router";
import { useFlash } from "../../app/flash.tsx";
import { paths } from "../../app/paths.ts";
import { formatApiError, toApiError } from "../../aws/apiError.ts";
import { registerTaskDefinition } from "../../aws/taskDefinitions.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { DefinitionFields } from "./DefinitionFields.tsx";
import { isObject, parseObject } from "./definitionJson.ts";
import { hasProblems, problemsOf, withTexts } from "./definitionProblems.ts";
import { DiffView } from "./DiffView.tsx";

const ROWS = 30;

type View = "fields" | "json";

/**
 * Registers a task definition, edited in fields or as JSON; only the JSON has all members. With `base`, the name of the revision
 * that `initialJson` comes from, the form shows the differences from it. The form checks the fields and the syntax of the JSON;
 * the API validates everything else.
 */
export function RegisterForm({ title, initialJson, back, base }: { title: string; initialJson: string; back: string; base?: string }) {
  const text = useText();
  const words = text.definitions.form;
  const target = useTarget();
  const navigate = useNavigate();
  const flash = useFlash();
  const [body, setBody] = useState(initialJson);
  const [view, setView] = useState<View>(base === undefined ? "fields" : "json");
  const [jsonError, setJsonError] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [isChecked, setIsChecked] = useState(false); // whether problems are shown: after the first attempt

  const parsed = parseObject(body);
  const edited = view === "fields" ? parsed : null;
  const problems = edited && problemsOf(edited);
  const isWrong = problems !== null && hasProblems(problems);
  const change = (changed: string) => {
    setError(null); // it was about other values
    setJsonError("");
    setBody(changed);
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const newJsonError = jsonErrorOf(body, words);
    setJsonError(newJsonError);
    setIsChecked(true);
    if (newJsonError || isWrong || busy) return;
    setBusy(true);
    registerTaskDefinition(target, body).then(
      ({ family = "", revision = 0 }) => {
        flash.done(words.done(`${family}:${revision}`));
        void navigate(paths.revision(family, revision));
      },
      (failure: unknown) => {
        setError(failure);
        setBusy(false);
      },
    );
  };

  return (
    <form onSubmit={submit}>
      <Form
        header={<Header variant="h1">{title}</Header>}
        errorText={error !== null ? formatApiError(toApiError(error)) : isChecked && isWrong ? text.services.form.correct : ""}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={() => { void navigate(back); }}>{text.parts.form.cancel}</Button>
            <Button variant="primary" loading={busy}>{words.submit}</Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <SegmentedControl
            label={words.view}
            selectedId={parsed === null ? "json" : view}
            options={[{ id: "fields", text: words.fields, disabled: parsed === null }, { id: "json", text: words.json }]}
            onChange={({ detail }) => { setView(detail.selectedId as View); }}
          />
          {edited !== null ? <DefinitionFields definition={edited} errors={isChecked && problems ? withTexts(problems, words.problems) : null} onChange={(changed) => { change(JSON.stringify(changed, null, 2)); }} /> : <Container>
            <FormField label={words.label} description={words.detail} errorText={jsonError} stretch>
              <Textarea value={body} rows={ROWS} spellcheck={false} ariaRequired onChange={({ detail }) => { change(detail.value); }} />
            </FormField>
          </Container>}
          {base === undefined || body === initialJson ? null : (
            <Container header={<Header variant="h2">{words.changes}</Header>}><DiffView left={initialJson} right={body} names={[base, words.edited]} /></Container>
          )}
        </SpaceBetween>
      </Form>
    </form>
  );
}

interface JsonErrorTexts {
  readonly notObject: string;
  readonly notJson: (message: string) => string;
}

function jsonErrorOf(body: string, words: JsonErrorTexts): string {
  try {
    return isObject(JSON.parse(body)) ? "" : words.notObject;
  } catch (error) {
    return words.notJson(toApiError(error).message);
  }
}
