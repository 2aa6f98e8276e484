import type { TaskDefinition } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { deregisterTaskDefinition } from "../../aws/taskDefinitions.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useRevision } from "../../live/queries.ts";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { DefinitionContainersTab } from "./DefinitionContainersTab.tsx";

/** A revision of a task definition: its containers, its JSON and its tags. */
export default function RevisionPage() {
  const text = useText().definitions;
  const { family = "", revision = "", tab } = useParams();
  const query = useRevision(family, revision);
  const [deregistering, setDeregistering] = useState(false);
  const name = `${family}:${revision}`;
  const crumbs = [{ text: text.title, path: paths.taskDefinitions }, { text: family, path: paths.taskDefinition(family) }, { text: revision }];
  return (
    <PageLayout title={name} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.compareRevisions(family, Math.max(1, Number(revision) - 1), revision))}>{text.compare}</Button>
              <Button disabled={query.data?.definition.status !== "ACTIVE"} onClick={() => { setDeregistering(true); }}>{text.deregister}</Button>
              <Button variant="primary" href={href(paths.registerRevision(family, revision))}>{text.register}</Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
        <QueryContent query={query}>
          {({ definition, tags }) => {
            const tabs = [
              { id: "containers", label: text.tabs.containers, content: <DefinitionContainersTab containers={definition.containerDefinitions ?? []} /> },
              { id: "json", label: text.tabs.json, content: <Json definition={definition} /> },
              { id: "tags", label: text.tabs.tags, content: <EcsTags arn={definition.taskDefinitionArn} tags={tags} onChanged={query.reload} /> },
            ];
            return (
              <SpaceBetween size="l">
                <Overview definition={definition} />
                <PathTabs label={name} tabs={tabs} active={tab} path={(id) => paths.revision(family, revision, id)} />
              </SpaceBetween>
            );
          }}
        </QueryContent>
      </SpaceBetween>
      {deregistering ? <DeregisterDialog name={name} onClose={() => { setDeregistering(false); }} onDone={query.reload} /> : null}
    </PageLayout>
  );
}

function DeregisterDialog({ name, onClose, onDone }: { name: string; onClose: () => void; onDone: () => void }) {
  const text = useText().definitions;
  const target = useTarget();
  return (
    <ConfirmDialog
      title={text.deregisterTitle(name)}
      effect={text.deregisterEffect}
      action={text.deregister}
      done={text.deregistered(name)}
      perform={() => deregisterTaskDefinition(target, name)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}

function Overview({ definition }: { definition: TaskDefinition }) {
  const text = useText().definitions;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.arn, value: <CopyableValue value={definition.taskDefinitionArn} /> },
          { label: text.status, value: <Status status={definition.status} /> },
          { label: text.cpu, value: definition.cpu },
          { label: text.memory, value: definition.memory && `${definition.memory} MiB` },
          { label: text.networkMode, value: definition.networkMode },
          { label: text.compatibilities, value: definition.requiresCompatibilities?.join(", ") },
          { label: text.taskRole, value: definition.taskRoleArn },
          { label: text.executionRole, value: definition.executionRoleArn },
          { label: text.volumes, value: definition.volumes?.map((volume) => volume.name).join(", ") },
          { label: text.registered, value: <Timestamp date={definition.registeredAt} /> },
          { label: text.registeredBy, value: definition.registeredBy },
          definition.deregisteredAt ? { label: text.deregisteredAt, value: <Timestamp date={definition.deregisteredAt} /> } : null,
        ]}
      />
    </Container>
  );
}

function Json({ definition }: { definition: TaskDefinition }) {
  return (
    <Container>
      <Box variant="code">
        <pre>{JSON.stringify(definition, null, 2)}</pre>
      </Box>
    </Container>
  );
}
