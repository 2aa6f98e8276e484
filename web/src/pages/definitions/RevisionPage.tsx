import type { TaskDefinition } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { deregisterDefinition } from "../../aws/taskDefinitions.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useRevision } from "../../live/readings.ts";
import { Confirm } from "../../parts/Confirm.tsx";
import { Copied, Facts } from "../../parts/Facts.tsx";
import { At } from "../../parts/Moment.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { Shown } from "../../parts/Shown.tsx";
import { Status } from "../../parts/Status.tsx";
import { TagsTable } from "../../parts/Tags.tsx";
import { ContainersTab } from "./ContainersTab.tsx";

/** One revision: what a task of it is to be, as a form and as JSON. */
export default function RevisionPage() {
  const text = useText().definitions;
  const { family = "", revision = "", tab } = useParams();
  const found = useRevision(family, revision);
  const [asking, setAsking] = useState(false);
  const name = `${family}:${revision}`;
  const crumbs = [{ text: text.title, path: paths.taskDefinitions }, { text: family, path: paths.taskDefinition(family) }, { text: revision }];
  return (
    <Frame title={name} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.compareRevisions(family, Math.max(1, Number(revision) - 1), revision))}>{text.compare}</Button>
              <Button disabled={found.data?.definition.status !== "ACTIVE"} onClick={() => { setAsking(true); }}>{text.deregister}</Button>
              <Button variant="primary" href={href(paths.registerRevision(family, revision))}>{text.register}</Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
        <Shown found={found}>
          {({ definition, tags }) => {
            const tabs = [
              { id: "containers", label: text.tabs.containers, content: <ContainersTab containers={definition.containerDefinitions ?? []} /> },
              { id: "json", label: text.tabs.json, content: <Json of={definition} /> },
              { id: "tags", label: text.tabs.tags, content: <TagsTable tags={tags} /> },
            ];
            return (
              <SpaceBetween size="l">
                <Overview definition={definition} />
                <PathTabs label={name} tabs={tabs} active={tab} path={(id) => paths.revision(family, revision, id)} />
              </SpaceBetween>
            );
          }}
        </Shown>
      </SpaceBetween>
      {asking ? <Deregister name={name} onClose={() => { setAsking(false); }} onDone={found.reload} /> : null}
    </Frame>
  );
}

function Deregister({ name, onClose, onDone }: { name: string; onClose: () => void; onDone: () => void }) {
  const text = useText().definitions;
  const target = useTarget();
  return (
    <Confirm
      title={text.deregisterTitle(name)}
      effect={text.deregisterEffect}
      action={text.deregister}
      done={text.deregistered(name)}
      perform={() => deregisterDefinition(target, name)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}

function Overview({ definition }: { definition: TaskDefinition }) {
  const text = useText().definitions;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Facts
        facts={[
          { label: text.arn, value: <Copied value={definition.taskDefinitionArn} /> },
          { label: text.status, value: <Status of={definition.status} /> },
          { label: text.cpu, value: definition.cpu },
          { label: text.memory, value: definition.memory && `${definition.memory} MiB` },
          { label: text.networkMode, value: definition.networkMode },
          { label: text.compatibilities, value: definition.requiresCompatibilities?.join(", ") },
          { label: text.taskRole, value: definition.taskRoleArn },
          { label: text.executionRole, value: definition.executionRoleArn },
          { label: text.volumes, value: definition.volumes?.map((volume) => volume.name).join(", ") },
          { label: text.registered, value: <At at={definition.registeredAt} /> },
          { label: text.registeredBy, value: definition.registeredBy },
          definition.deregisteredAt ? { label: text.deregisteredAt, value: <At at={definition.deregisteredAt} /> } : null,
        ]}
      />
    </Container>
  );
}

function Json({ of: definition }: { of: TaskDefinition }) {
  return (
    <Container>
      <Box variant="code">
        <pre>{JSON.stringify(definition, null, 2)}</pre>
      </Box>
    </Container>
  );
}
