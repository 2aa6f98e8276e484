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
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { taskReference } from "../../aws/balancedServices.ts";
import { useText } from "../../i18n/useText.ts";
import { useTask } from "../../live/queries.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { TaskContainersTab } from "./TaskContainersTab.tsx";
import { definitionPath } from "../definitions/definitionPath.ts";
import { DetailsTab } from "./DetailsTab.tsx";
import { ExecTab } from "./ExecTab.tsx";
import { ImagePulls } from "./ImagePulls.tsx";
import { hasFailed, TimelineTab } from "./TimelineTab.tsx";
import { TaskLogsTab } from "./TaskLogsTab.tsx";
import { NetworkTab } from "./NetworkTab.tsx";
import { TaskAddresses } from "./TaskAddresses.tsx";
import { StopTask } from "./TasksTable.tsx";

/** A task: its containers, timeline, logs, networking, terminal and details. */
export default function TaskPage() {
  const text = useText();
  const words = text.task;
  const { cluster = "", task: id = "", tab } = useParams();
  const query = useTask(cluster, id);
  const [stopping, setStopping] = useState(false);
  const crumbs = [
    { text: text.clusters.title, path: paths.clusters },
    { text: cluster, path: paths.cluster(cluster) },
    { text: text.tasks.title, path: paths.cluster(cluster, "tasks") },
    { text: id },
  ];
  return (
    <PageLayout title={words.title(id)} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={<Button disabled={query.data?.desiredStatus !== "RUNNING"} onClick={() => { setStopping(true); }}>{text.tasks.stop.open}</Button>}
        >
          {id}
        </Header>
        <QueryContent query={query}>
          {(task) => (
            <SpaceBetween size="l">
              <StopReason task={task} />
              <ImagePulls task={task} />
              <Overview cluster={cluster} task={task} />
              <PathTabs
                label={words.title(id)}
                active={tab}
                path={(tabId) => paths.task(cluster, id, tabId)}
                tabs={[
                  { id: "containers", label: words.tabs.containers, content: <TaskContainersTab query={query} task={task} /> },
                  { id: "timeline", label: words.tabs.timeline, content: <TimelineTab task={task} /> },
                  { id: "logs", label: text.services.tabs.logs, content: <TaskLogsTab task={task} /> },
                  { id: "networking", label: words.tabs.network, content: <NetworkTab task={task} /> },
                  { id: "terminal", label: text.exec.tab, content: <ExecTab cluster={cluster} task={task} /> },
                  { id: "details", label: words.tabs.details, content: <DetailsTab task={task} /> },
                  { id: "tags", label: words.tabs.tags, content: <EcsTags arn={task.taskArn} tags={task.tags ?? []} onChanged={query.reload} /> },
                ]}
              />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {stopping && query.data ? <StopTask cluster={cluster} task={query.data} onClose={() => { setStopping(false); }} /> : null}
    </PageLayout>
  );
}

/** Why a task stopped. It is above everything else, because it is the first question about a stopped task. */
function StopReason({ task }: { task: Task }) {
  const text = useText().task;
  if (task.stopCode === undefined && task.stoppedReason === undefined) return null;
  const failures = (task.containers ?? []).filter(({ reason }) => reason !== undefined);
  return (
    <Alert
      type={hasFailed(task) ? "error" : "info"}
      header={task.lastStatus === "STOPPED" ? text.stoppedBecause : text.stoppingBecause}
    >
      <Box>{[task.stopCode, task.stoppedReason].filter(Boolean).join(": ")}</Box>
      {failures.map(({ name, reason }) => <Box key={name}>{name}: {reason}</Box>)}
    </Alert>
  );
}

function Overview({ cluster, task }: { cluster: string; task: Task }) {
  const text = useText();
  const words = text.task;
  const { service } = taskReference(task);
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.lastStatus, value: <Status status={task.lastStatus} /> },
          { label: words.desiredStatus, value: <Status status={task.desiredStatus} /> },
          { label: text.tasks.health, value: <Status status={task.healthStatus} /> },
          { label: text.tasks.definition, value: <Link href={href(definitionPath(task.taskDefinitionArn))}>{nameOf(task.taskDefinitionArn)}</Link> },
          service === undefined
            ? { label: text.tasks.group, value: task.group }
            : { label: text.services.name, value: <Link href={href(paths.service(cluster, service))}>{service}</Link> },
          task.lastStatus === "STOPPED" ? null : { label: words.network.publicPorts, value: <TaskAddresses task={task} /> },
          { label: text.tasks.zone, value: task.availabilityZone },
          { label: words.launchType, value: task.launchType },
          task.capacityProviderName ? { label: words.provider, value: task.capacityProviderName } : null,
          task.platformVersion ? { label: words.platform, value: task.platformVersion } : null,
          task.containerInstanceArn ? { label: words.instance, value: nameOf(task.containerInstanceArn) } : null,
          { label: words.size, value: task.cpu && task.memory ? words.sizeOf(task.cpu, task.memory) : null },
          { label: words.exec, value: task.enableExecuteCommand ? text.parts.on : text.parts.off },
          { label: words.startedBy, value: task.startedBy },
          { label: text.tasks.startedAt, value: <RelativeTime date={task.startedAt ?? task.createdAt} /> },
          task.stoppedAt ? { label: text.tasks.stoppedAt, value: <RelativeTime date={task.stoppedAt} /> } : null,
          { label: words.arn, value: <CopyableValue value={task.taskArn} /> },
        ]}
      />
    </Container>
  );
}
