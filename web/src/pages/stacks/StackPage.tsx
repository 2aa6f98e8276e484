import type { Stack } from "@aws-sdk/client-cloudformation";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { deleteStack, readStack } from "../../aws/stacks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { ChangeSetsTab } from "./ChangeSetsTab.tsx";
import { EventsTab } from "./EventsTab.tsx";
import { ResourcesTab } from "./ResourcesTab.tsx";
import { StackState } from "./StackState.tsx";
import { TemplateTab } from "./TemplateTab.tsx";
import { OutputsTab, ParametersTab } from "./ValuesTabs.tsx";

/** A stack: its events as they happen, its resources, and a tab for each other aspect. */
export default function StackPage() {
  const text = useText().stacks;
  const target = useTarget();
  const { stack: name = "", tab } = useParams();
  const navigate = useNavigate();
  const query = useLive(["stack", name], [{ kind: "stack" }], (signal) => readStack(target, name, signal));
  const [deleting, setDeleting] = useState(false);
  const title = query.data?.StackName ?? name;
  return (
    <PageLayout title={title} breadcrumbs={[{ text: text.title, path: paths.stacks }, { text: title }]}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={<Button disabled={!query.data} onClick={() => { setDeleting(true); }}>{text.delete}</Button>}>{title}</Header>
        <QueryContent query={query}>
          {(stack) => (
            <SpaceBetween size="l">
              <StateAlert stack={stack} />
              <Overview stack={stack} />
              <StackTabs stack={stack} active={tab} path={(id) => paths.stack(name, id)} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting && query.data ? (
        <ConfirmDialog
          title={text.deleteTitle(title)}
          effect={text.deleteEffect}
          action={text.delete}
          done={text.deleteBegun(title)}
          confirmationWord={title}
          perform={() => deleteStack(target, query.data?.StackId ?? name)}
          onClose={() => { setDeleting(false); }}
          onDone={() => { void navigate(paths.stack(query.data?.StackId ?? name), { replace: true }); }}
        />
      ) : null}
    </PageLayout>
  );
}

/** The status reason of a stack that failed or was rolled back; null for any other. */
function StateAlert({ stack: { StackStatus: status, StackStatusReason: reason } }: { stack: Stack }) {
  if (status === undefined || reason === undefined) return null;
  if (status.endsWith("FAILED")) return <Alert type="error" header={status}>{reason}</Alert>;
  return status.includes("ROLLBACK") ? <Alert type="warning" header={status}>{reason}</Alert> : null;
}

function Overview({ stack }: { stack: Stack }) {
  const text = useText().stacks;
  const parent = stack.ParentId;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.status, value: <StackState status={stack.StackStatus} /> },
          { label: text.description, value: stack.Description },
          { label: text.created, value: <Timestamp date={stack.CreationTime} /> },
          { label: text.updated, value: <Timestamp date={stack.LastUpdatedTime} /> },
          stack.DeletionTime ? { label: text.deleted, value: <Timestamp date={stack.DeletionTime} /> } : null,
          { label: text.id, value: <CopyableValue value={stack.StackId} /> },
          parent ? { label: text.parent, value: <Link href={href(paths.stack(parent))}>{parent.split("/")[1]}</Link> } : null,
          { label: text.protection, value: stack.EnableTerminationProtection ? text.on : text.off },
          { label: text.tags, value: (stack.Tags ?? []).map(({ Key, Value }) => <div key={Key}>{`${Key ?? ""} = ${Value ?? ""}`}</div>) },
        ]}
      />
    </Container>
  );
}

function StackTabs({ stack, active, path }: { stack: Stack; active: string | undefined; path: (tab?: string) => string }) {
  const text = useText().stacks;
  const { StackId: id = "" } = stack;
  const tabs = [
    { id: "events", label: text.events, content: <EventsTab stack={id} /> },
    { id: "resources", label: text.resources, content: <ResourcesTab stack={id} /> },
    { id: "outputs", label: text.outputs, content: <OutputsTab stack={stack} /> },
    { id: "parameters", label: text.parameters, content: <ParametersTab stack={stack} /> },
    { id: "template", label: text.template, content: <TemplateTab stack={id} /> },
    { id: "change-sets", label: text.changeSets, content: <ChangeSetsTab stack={id} /> },
  ];
  return <PathTabs label={stack.StackName ?? ""} tabs={tabs} active={active} path={path} />;
}
