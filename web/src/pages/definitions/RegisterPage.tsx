import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useRevision } from "../../live/readings.ts";
import { Shown } from "../../parts/Shown.tsx";
import { RegisterForm } from "./RegisterForm.tsx";
import { registerable, SKELETON } from "./registerable.ts";

/** Registers a first task definition, or a new revision that begins as an older one. */
export default function RegisterPage() {
  const text = useText().definitions;
  const { family = "", revision = "" } = useParams();
  const name = `${family}:${revision}`;
  const title = revision ? text.form.title(name) : text.create;
  const above = family ? [{ text: family, path: paths.taskDefinition(family) }] : [];
  return (
    <Frame title={title} breadcrumbs={[{ text: text.title, path: paths.taskDefinitions }, ...above, { text: title }]} contentType="form">
      {revision ? (
        <Again family={family} revision={revision} title={title} />
      ) : (
        <RegisterForm title={title} first={SKELETON} back={paths.taskDefinitions} />
      )}
    </Frame>
  );
}

function Again({ family, revision, title }: { family: string; revision: string; title: string }) {
  return (
    <Shown found={useRevision(family, revision)}>
      {(found) => <RegisterForm title={title} first={registerable(found)} back={paths.revision(family, revision)} />}
    </Shown>
  );
}
