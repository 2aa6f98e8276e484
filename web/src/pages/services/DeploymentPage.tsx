import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { deploymentArn, readDeployment } from "../../aws/deployments.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status, statusText } from "../../parts/Status.tsx";
import { DeploymentActions } from "./DeploymentActions.tsx";
import { DeploymentProgress } from "./DeploymentProgress.tsx";
import { DeploymentDuration, PendingHookAlert } from "./DeploymentsTab.tsx";

/** A service deployment, in progress or finished. */
export default function DeploymentPage() {
  const text = useText();
  const target = useTarget();
  const { cluster = "", service = "", deployment: id = "" } = useParams();
  const topics = [{ kind: "service-deployment", cluster }, { kind: "service", cluster }, { kind: "task", cluster }];
  const arn = deploymentArn(target, cluster, service, id);
  const query = useLive(["deployment", arn], topics, (signal) => readDeployment(target, arn, signal));
  const crumbs = [
    { text: text.clusters.title, path: paths.clusters },
    { text: cluster, path: paths.cluster(cluster) },
    { text: service, path: paths.service(cluster, service) },
    { text: text.services.tabs.deployments, path: paths.service(cluster, service, "deployments") },
    { text: id },
  ];
  return (
    <PageLayout title={id} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={query.data ? <DeploymentActions deployment={query.data} /> : undefined}>{id}</Header>
        <QueryContent query={query}>
          {(deployment) => (
            <SpaceBetween size="l">
              <PendingHookAlert deployment={deployment} />
              <Overview deployment={deployment} />
              <Container header={<Header variant="h2">{text.services.deployment.progress}</Header>}>
                <DeploymentProgress deployment={deployment} />
              </Container>
              <Hooks deployment={deployment} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
    </PageLayout>
  );
}

function Overview({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services;
  const words = text.deployment;
  const breaker = deployment.deploymentCircuitBreaker;
  const alarms = deployment.alarms;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.status, value: <Status status={deployment.status} /> },
          { label: text.strategy, value: text.strategies[deployment.deploymentConfiguration?.strategy ?? "ROLLING"] },
          { label: words.startedAt, value: <Timestamp date={deployment.startedAt ?? deployment.createdAt} /> },
          { label: words.duration, value: <DeploymentDuration deployment={deployment} /> },
          { label: text.arn, value: <CopyableValue value={deployment.serviceDeploymentArn} /> },
          {
            label: words.breaker,
            value: breaker?.status && breaker.status !== "DISABLED" ? `${statusText(breaker.status)}: ${words.failures(breaker.failureCount ?? 0, breaker.threshold ?? 0)}` : null,
          },
          {
            label: words.alarms,
            value: alarms?.status && alarms.status !== "DISABLED" ? `${statusText(alarms.status)}: ${(alarms.triggeredAlarmNames?.length ? alarms.triggeredAlarmNames : alarms.alarmNames)?.join(", ") ?? ""}` : null,
          },
          { label: words.reason, value: deployment.statusReason },
          deployment.rollback ? { label: words.rolledBack, value: <Timestamp date={deployment.rollback.startedAt} /> } : null,
          deployment.rollback ? { label: words.rollbackReason, value: deployment.rollback.reason } : null,
        ]}
      />
    </Container>
  );
}

function Hooks({ deployment }: { deployment: ServiceDeployment }) {
  const words = useText().services.deployment;
  const hooks = deployment.lifecycleHookDetails ?? [];
  if (hooks.length === 0) return null;
  return (
    <Table
      header={<Header variant="h2">{words.hooks}</Header>}
      items={hooks}
      trackBy="hookId"
      columnDefinitions={[
        { id: "id", header: words.hook, cell: (hook) => hook.hookId, isRowHeader: true },
        { id: "type", header: words.hookType, cell: (hook) => hook.targetArn ?? hook.targetType },
        { id: "status", header: words.status, cell: (hook) => <Status status={hook.status} /> },
        { id: "until", header: words.expiresAt, cell: (hook) => <Timestamp date={hook.expiresAt} /> },
      ]}
    />
  );
}
