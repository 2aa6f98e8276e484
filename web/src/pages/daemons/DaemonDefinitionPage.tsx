import type { DaemonTaskDefinition } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { deleteDaemonDefinition, readDaemonDefinition } from "../../aws/daemons.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";

/** A revision of a daemon task definition. */
export default function DaemonDefinitionPage() {
  const text = useText().daemons;
  const target = useTarget();
  const navigate = useNavigate();
  const { family = "", revision = "" } = useParams();
  const name = `${family}:${revision}`;
  const query = useLive(["daemon-definition", name], [{ kind: "task-definition" }], (signal) => readDaemonDefinition(target, name, signal));
  const [deleting, setDeleting] = useState(false);
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.definitions, path: paths.daemonDefinitions }, { text: name }]}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={<Button disabled={query.data?.status !== "ACTIVE"} onClick={() => { setDeleting(true); }}>{text.delete}</Button>}>{name}</Header>
        <QueryContent query={query}>
          {(definition) => (
            <SpaceBetween size="l">
              <Overview definition={definition} />
              {(definition.containerDefinitions ?? []).map((container) => (
                <Container key={container.name} header={<Header variant="h2" description={container.image}>{container.name}</Header>}>
                  <Box variant="code"><pre style={{ overflowX: "auto", margin: 0 }} tabIndex={0}>{JSON.stringify(container, null, 2)}</pre></Box>
                </Container>
              ))}
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting ? (
        <ConfirmDialog
          title={text.deleteDefinitionTitle(name)}
          effect={text.deleteDefinitionEffect}
          action={text.delete}
          done={text.definitionDeleted(name)}
          perform={() => deleteDaemonDefinition(target, name)}
          onClose={() => { setDeleting(false); }}
          onDone={() => { void navigate(paths.daemonDefinitions); }}
        />
      ) : null}
    </PageLayout>
  );
}

function Overview({ definition }: { definition: DaemonTaskDefinition }) {
  const text = useText();
  const words = text.daemons;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.status, value: <Status status={definition.status} /> },
          { label: text.definitions.cpu, value: definition.cpu },
          { label: text.definitions.memory, value: definition.memory },
          { label: text.definitions.taskRole, value: definition.taskRoleArn },
          { label: text.definitions.executionRole, value: definition.executionRoleArn },
          { label: text.definitions.volumes, value: definition.volumes?.map(({ name, host }) => <div key={name}>{`${name ?? ""}: ${host?.sourcePath ?? ""}`}</div>) },
          { label: words.registered, value: <Timestamp date={definition.registeredAt} /> },
          { label: words.registeredBy, value: definition.registeredBy },
          { label: words.arn, value: <CopyableValue value={definition.daemonTaskDefinitionArn} /> },
        ]}
      />
    </Container>
  );
}
