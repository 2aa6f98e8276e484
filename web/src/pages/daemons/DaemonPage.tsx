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
import { definitionOf, nameOf } from "../../aws/arn.ts";
import { type Daemon, deleteDaemon, readDaemon } from "../../aws/daemons.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { definitionPath } from "../definitions/definitionPath.ts";
import { TasksTable } from "../tasks/TasksTable.tsx";
import { DaemonDeploymentsTab } from "./DaemonDeploymentsTab.tsx";
import { runningOf } from "./DaemonsTable.tsx";

/** A managed daemon: its deployments, its tasks and its tags. */
export default function DaemonPage() {
  const text = useText();
  const target = useTarget();
  const { cluster = "", daemon: name = "", tab } = useParams();
  const topics = [{ kind: "daemon", cluster }, { kind: "daemon-deployment", cluster }, { kind: "task", cluster }, { kind: "container-instance", cluster }];
  const query = useLive(["daemon", cluster, name], topics, (signal) => readDaemon(target, cluster, name, signal));
  const [deleting, setDeleting] = useState(false);
  const list = paths.cluster(cluster, "daemons");
  const crumbs = [{ text: text.clusters.title, path: paths.clusters }, { text: cluster, path: paths.cluster(cluster) }, { text: text.daemons.title, path: list }, { text: name }];
  return (
    <PageLayout title={name} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={<Button disabled={query.data?.daemon.status !== "ACTIVE"} onClick={() => { setDeleting(true); }}>{text.daemons.delete}</Button>}
        >
          {name}
        </Header>
        <QueryContent query={query}>
          {(daemon) => (
            <SpaceBetween size="l">
              <Overview daemon={daemon} />
              <DaemonTabs daemon={daemon} cluster={cluster} name={name} active={tab} reload={query.reload} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting ? <DeleteDaemon cluster={cluster} name={name} running={query.data ? runningOf(query.data.daemon) : 0} onClose={() => { setDeleting(false); }} /> : null}
    </PageLayout>
  );
}

function Overview({ daemon: { daemon, revision } }: { daemon: Daemon }) {
  const text = useText();
  const words = text.daemons;
  const definition = revision?.daemonTaskDefinitionArn;
  const onOff = (value: boolean | undefined) => (value ? text.parts.on : text.parts.off);
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.status, value: <Status status={daemon.status} /> },
          { label: words.running, value: runningOf(daemon) },
          { label: words.without, value: daemon.currentRevisions?.[0]?.totalWithoutDaemonCount },
          { label: words.definition, value: definition === undefined ? null : <Link href={href(definitionPath(definition))}>{definitionOf(definition)}</Link> },
          { label: words.providers, value: daemon.currentRevisions?.[0]?.capacityProviders?.map(({ arn }) => <div key={arn}>{nameOf(arn)}</div>) },
          { label: words.images, value: revision?.containerImages?.map(({ containerName, image }) => <div key={containerName}>{`${containerName ?? ""}: ${image ?? ""}`}</div>) },
          { label: words.critical, value: onOff(revision?.critical) },
          { label: words.exec, value: onOff(revision?.enableExecuteCommand) },
          { label: words.propagateTags, value: revision?.propagateTags },
          { label: words.created, value: <Timestamp date={daemon.createdAt} /> },
          { label: words.updated, value: <Timestamp date={daemon.updatedAt} /> },
          { label: words.arn, value: <CopyableValue value={daemon.daemonArn} /> },
        ]}
      />
    </Container>
  );
}

interface DaemonTabsProps {
  readonly daemon: Daemon;
  readonly cluster: string;
  readonly name: string;
  readonly active: string | undefined;
  readonly reload: () => void;
}

function DaemonTabs({ daemon, cluster, name, active, reload }: DaemonTabsProps) {
  const text = useText().daemons.tabs;
  const tabs = [
    { id: "deployments", label: text.deployments, content: <DaemonDeploymentsTab cluster={cluster} daemon={daemon.daemon.daemonArn ?? ""} /> },
    { id: "tasks", label: text.tasks, content: <TasksTable cluster={cluster} daemon={name} /> },
    { id: "tags", label: text.tags, content: <EcsTags arn={daemon.daemon.daemonArn} tags={daemon.tags} onChanged={reload} /> },
  ];
  return <PathTabs label={name} tabs={tabs} active={active} path={(id) => paths.daemon(cluster, name, id)} />;
}

function DeleteDaemon({ cluster, name, running, onClose }: { cluster: string; name: string; running: number; onClose: () => void }) {
  const text = useText().daemons;
  const target = useTarget();
  const navigate = useNavigate();
  return (
    <ConfirmDialog
      title={text.deleteTitle(name)}
      effect={text.deleteEffect(running)}
      action={text.deleteAction}
      done={text.deleted(name)}
      confirmationWord={name}
      perform={() => deleteDaemon(target, cluster, name)}
      onClose={onClose}
      onDone={() => { void navigate(paths.cluster(cluster, "daemons")); }}
    />
  );
}
