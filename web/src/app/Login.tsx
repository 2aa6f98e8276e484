import Box from "@cloudscape-design/components/box";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type SyntheticEvent, useState } from "react";
import { useText } from "../i18n/useText.ts";
import { logIn, type Session } from "./session.ts";

/** The sign-in form. The secret is sent in one request and then cleared. */
export function Login({ onSession }: { onSession: (session: Session) => void }) {
  const text = useText().app.login;
  const [accessKey, setAccessKey] = useState("");
  const [secret, setSecret] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    logIn(accessKey.trim(), secret.trim())
      .then(onSession, (error: unknown) => {
        setFailure(error instanceof Error ? error.message : String(error));
      })
      .finally(() => {
        setSecret("");
        setBusy(false);
      });
  };

  return (
    <main>
      <Box padding={{ vertical: "xxxl", horizontal: "l" }}>
        <Grid gridDefinition={[{ colspan: { default: 12, s: 8, m: 6, l: 4 }, offset: { s: 2, m: 3, l: 4 } }]}>
          <form onSubmit={submit}>
            <Form actions={<Button variant="primary" loading={busy} formAction="submit">{text.submit}</Button>}>
              <Container header={<Header variant="h1" description={text.description}>{text.title}</Header>}>
                <SpaceBetween size="l">
                  {failure === null ? null : <Alert type="error" header={text.failed}>{failure}</Alert>}
                  <FormField label={text.accessKey}>
                    <Input
                      value={accessKey}
                      autoFocus
                      autoComplete="username"
                      spellcheck={false}
                      name="accessKeyId"
                      onChange={({ detail }) => { setAccessKey(detail.value); }}
                    />
                  </FormField>
                  <FormField label={text.secret} description={text.howTo}>
                    <Input
                      value={secret}
                      type="password"
                      autoComplete="current-password"
                      name="secretAccessKey"
                      onChange={({ detail }) => { setSecret(detail.value); }}
                    />
                  </FormField>
                </SpaceBetween>
              </Container>
            </Form>
          </form>
        </Grid>
      </Box>
    </main>
  );
}
