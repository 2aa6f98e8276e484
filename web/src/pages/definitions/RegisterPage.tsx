import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useRevision } from "../../live/queries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { RegisterForm } from "./RegisterForm.tsx";
import { registrationJson, TEMPLATE } from "./registrationJson.ts";

/** Registers a new task definition, or a new revision based on an existing one. */
export default function RegisterPage() {
  const text = useText().definitions;
  const { family = "", revision = "" } = useParams();
  const name = `${family}:${revision}`;
  const title = revision ? text.form.title(name) : text.create;
  const familyCrumb = family ? [{ text: family, path: paths.taskDefinition(family) }] : [];
  return (
    <PageLayout title={title} breadcrumbs={[{ text: text.title, path: paths.taskDefinitions }, ...familyCrumb, { text: title }]} contentType="form">
      {revision ? (
        <NewRevision family={family} revision={revision} title={title} />
      ) : (
        <RegisterForm title={title} initialJson={TEMPLATE} back={paths.taskDefinitions} />
      )}
    </PageLayout>
  );
}

function NewRevision({ family, revision, title }: { family: string; revision: string; title: string }) {
  return (
    <QueryContent query={useRevision(family, revision)}>
      {(base) => <RegisterForm base={`${family}:${revision}`} title={title} initialJson={registrationJson(base)} back={paths.revision(family, revision)} />}
    </QueryContent>
  );
}
