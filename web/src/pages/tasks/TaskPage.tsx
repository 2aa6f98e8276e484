import type { Task } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { familyOf, nameOf } from "../../aws/arn.ts";
import { useText } from "../../i18n/useText.ts";
import { useTask } from "../../live/readings.ts";
import { Copied, Facts } from "../../parts/Facts.tsx";
import { Ago } from "../../parts/Moment.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { Shown } from "../../parts/Shown.tsx";
import { Status } from "../../parts/Status.tsx";
import { TagsTable } from "../../parts/Tags.tsx";
import { ContainersTab } from "./ContainersTab.tsx";
import { DetailsTab } from "./DetailsTab.tsx";
import { ExecTab } from "./ExecTab.tsx";
import { isFailure, LifeTab } from "./LifeTab.tsx";
import { LogsTab } from "./LogsTab.tsx";
import { NetworkTab } from "./NetworkTab.tsx";
import { StopTask } from "./TasksTable.tsx";

/** One task: its containers, its life, where it is, and why it ended. */
export default function TaskPage() {
  const text = useText();
  const words = text.task;
  const { cluster = "", task: id = "", tab } = useParams();
  const found = useTask(cluster, id);
  const [stopping, setStopping] = useState(false);
  const crumbs = [
    { text: text.clusters.title, path: paths.clusters },
    { text: cluster, path: paths.cluster(cluster) },
    { text: text.tasks.title, path: paths.cluster(cluster, "tasks") },
    { text: id },
  ];
  return (
    <Frame title={words.title(id)} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={<Button disabled={found.data?.desiredStatus !== "RUNNING"} onClick={() => { setStopping(true); }}>{text.tasks.stop.open}</Button>}
        >
          {id}
        </Header>
        <Shown found={found}>
          {(task) => (
            <SpaceBetween size="l">
              <Ending task={task} />
              <Overview cluster={cluster} task={task} />
              <PathTabs
                label={words.title(id)}
                active={tab}
                path={(one) => paths.task(cluster, id, one)}
                tabs={[
                  { id: "containers", label: words.tabs.containers, content: <ContainersTab found={found} task={task} /> },
                  { id: "timeline", label: words.tabs.life, content: <LifeTab task={task} /> },
                  { id: "logs", label: text.services.tabs.logs, content: <LogsTab task={task} /> },
                  { id: "networking", label: words.tabs.network, content: <NetworkTab task={task} /> },
                  { id: "terminal", label: text.exec.tab, content: <ExecTab cluster={cluster} task={task} /> },
                  { id: "details", label: words.tabs.details, content: <DetailsTab task={task} /> },
                  { id: "tags", label: words.tabs.tags, content: <TagsTable tags={task.tags ?? []} /> },
                ]}
              />
            </SpaceBetween>
          )}
        </Shown>
      </SpaceBetween>
      {stopping && found.data ? <StopTask cluster={cluster} task={found.data} onClose={() => { setStopping(false); }} /> : null}
    </Frame>
  );
}

/** Why it stopped, above everything: whoever opens a stopped task asks for that. */
function Ending({ task }: { task: Task }) {
  const text = useText().task;
  if (task.stopCode === undefined && task.stoppedReason === undefined) return null;
  const failures = (task.containers ?? []).filter((one) => one.reason !== undefined);
  return (
    <Alert
      type={isFailure(task) ? "error" : "info"}
      header={task.lastStatus === "STOPPED" ? text.stoppedBecause : text.stoppingBecause}
    >
      <Box>{[task.stopCode, task.stoppedReason].filter(Boolean).join(": ")}</Box>
      {failures.map((one) => <Box key={one.name}>{one.name}: {one.reason}</Box>)}
    </Alert>
  );
}

function Overview({ cluster, task }: { cluster: string; task: Task }) {
  const text = useText();
  const words = text.task;
  const { family, revision } = familyOf(task.taskDefinitionArn);
  const service = task.group?.startsWith("service:") ? task.group.slice("service:".length) : null;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Facts
        facts={[
          { label: words.arn, value: <Copied value={task.taskArn} /> },
          { label: words.lastStatus, value: <Status of={task.lastStatus} /> },
          { label: words.desiredStatus, value: <Status of={task.desiredStatus} /> },
          { label: text.tasks.health, value: <Status of={task.healthStatus} /> },
          { label: text.tasks.definition, value: <Link href={href(paths.taskDefinition(family, revision))}>{nameOf(task.taskDefinitionArn)}</Link> },
          service === null
            ? { label: text.tasks.group, value: task.group }
            : { label: text.services.name, value: <Link href={href(paths.service(cluster, service))}>{service}</Link> },
          { label: text.tasks.zone, value: task.availabilityZone },
          { label: words.launchType, value: task.launchType },
          task.capacityProviderName ? { label: words.provider, value: task.capacityProviderName } : null,
          task.platformVersion ? { label: words.platform, value: task.platformVersion } : null,
          task.containerInstanceArn ? { label: words.instance, value: nameOf(task.containerInstanceArn) } : null,
          { label: words.size, value: task.cpu && task.memory ? words.sizeOf(task.cpu, task.memory) : null },
          { label: words.exec, value: task.enableExecuteCommand ? text.parts.yes : text.parts.no },
          { label: words.startedBy, value: task.startedBy },
          { label: text.tasks.startedAt, value: <Ago at={task.startedAt ?? task.createdAt} /> },
          task.stoppedAt ? { label: text.tasks.stoppedAt, value: <Ago at={task.stoppedAt} /> } : null,
        ]}
      />
    </Container>
  );
}
