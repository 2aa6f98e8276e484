import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { runTask } from "../../aws/tasks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useDefinition, useNetworks } from "../../live/queries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { NEW_SERVICE, runTaskInput, type ServiceDraft, usesAwsvpc } from "../services/draft.ts";
import { NetworkFields } from "../services/fields/NetworkFields.tsx";
import { ServiceFields } from "../services/fields/ServiceFields.tsx";
import { fieldOf, type ProblemField, taskProblemsOf } from "../services/problems.ts";

const SHOWN: ReadonlySet<ProblemField | undefined> = new Set(["family", "desired", "subnets", "groups"] as const);

/** Runs tasks that belong to no service. */
export default function RunTaskPage() {
  const text = useText();
  const { cluster = "" } = useParams();
  const crumbs = [{ text: text.clusters.title, path: paths.clusters }, { text: cluster, path: paths.cluster(cluster) }, { text: text.tasks.run.title }];
  return (
    <PageLayout title={text.tasks.run.title} breadcrumbs={crumbs} contentType="form">
      <QueryContent query={useNetworks()}>{({ subnets }) => <RunTaskForm cluster={cluster} defaults={subnets.filter(({ DefaultForAz }) => DefaultForAz).flatMap(({ SubnetId }) => SubnetId ?? [])} />}</QueryContent>
    </PageLayout>
  );
}

function RunTaskForm({ cluster, defaults }: { cluster: string; defaults: readonly string[] }) {
  const { tasks: { run: text }, services: { form: { problems: texts } } } = useText();
  const target = useTarget();
  const [draft, setDraft] = useState<ServiceDraft>({ ...NEW_SERVICE, subnets: defaults });
  const [command, setCommand] = useState("");
  const definition = useDefinition((draft.revision ? `${draft.family}:${draft.revision}` : draft.family) || undefined).data;
  const change = (part: Partial<ServiceDraft>) => { setDraft((current) => ({ ...current, ...part })); };
  const problems = taskProblemsOf(draft, definition?.networkMode);
  return (
    <ResourceForm
      title={text.title}
      editing={false}
      submit={text.action}
      isWrong={Object.keys(problems).length > 0}
      isShown={(error) => SHOWN.has(fieldOf(error))}
      save={() => runTask(target, runTaskInput(cluster, draft, definition, command))}
      done={text.done}
      next={paths.cluster(cluster, "tasks")}
      back={paths.cluster(cluster, "tasks")}
    >
      {(error, { isMade, clearError }) => {
        const found = isMade ? Object.fromEntries(Object.entries(problems).map(([field, kind]) => [field, texts[kind]])) : {};
        const field = error === null ? undefined : fieldOf(error);
        const rejected = error !== null && field !== undefined ? { [field]: `${error.code}: ${error.message}` } : {};
        const fields = { draft, change: (part: Partial<ServiceDraft>) => { clearError(); change(part); }, editing: false, errors: { ...found, ...rejected } };
        return <SpaceBetween size="l">
          <ServiceFields {...fields} nameless />
          {usesAwsvpc(definition?.networkMode) ? <NetworkFields {...fields} /> : null}
          <Container header={<Header variant="h2">{text.overrides}</Header>}>
            <FormField label={text.command} constraintText={text.commandDetail(definition?.containerDefinitions?.[0]?.name ?? "")}>
              <Input value={command} spellcheck={false} onChange={({ detail }) => { setCommand(detail.value); }} />
            </FormField>
          </Container>
        </SpaceBetween>;
      }}
    </ResourceForm>
  );
}
