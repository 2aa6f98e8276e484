import type { ServiceDeployment } from "@aws-sdk/client-ecs";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { paths } from "../../app/paths.ts";
import { deploymentArn, readDeployment } from "../../aws/deployments.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Copied, Facts } from "../../parts/Facts.tsx";
import { At } from "../../parts/Moment.tsx";
import { Shown } from "../../parts/Shown.tsx";
import { Status, worded } from "../../parts/Status.tsx";
import { DeploymentActions } from "./DeploymentActions.tsx";
import { DeploymentProgress } from "./DeploymentProgress.tsx";
import { Lasting, Waiting } from "./DeploymentsTab.tsx";

/** One service deployment, whether it is under way or over. */
export default function DeploymentPage() {
  const text = useText();
  const target = useTarget();
  const { cluster = "", service = "", deployment: id = "" } = useParams();
  const topics = [{ kind: "service-deployment", cluster }, { kind: "service", cluster }, { kind: "task", cluster }];
  const arn = deploymentArn(target, cluster, service, id);
  const found = useLive(["deployment", arn], topics, (signal) => readDeployment(target, arn, signal));
  const crumbs = [
    { text: text.clusters.title, path: paths.clusters },
    { text: cluster, path: paths.cluster(cluster) },
    { text: service, path: paths.service(cluster, service) },
    { text: text.services.tabs.deployments, path: paths.service(cluster, service, "deployments") },
    { text: id },
  ];
  return (
    <Frame title={id} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={found.data ? <DeploymentActions deployment={found.data} /> : undefined}>{id}</Header>
        <Shown found={found}>
          {(deployment) => (
            <SpaceBetween size="l">
              <Waiting deployment={deployment} />
              <Overview deployment={deployment} />
              <Container header={<Header variant="h2">{text.services.deployment.progress}</Header>}>
                <DeploymentProgress deployment={deployment} />
              </Container>
              <Hooks deployment={deployment} />
            </SpaceBetween>
          )}
        </Shown>
      </SpaceBetween>
    </Frame>
  );
}

function Overview({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services;
  const words = text.deployment;
  const breaker = deployment.deploymentCircuitBreaker;
  const alarms = deployment.alarms;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Facts
        facts={[
          { label: words.status, value: <Status of={deployment.status} /> },
          { label: text.strategy, value: text.strategies[deployment.deploymentConfiguration?.strategy ?? "ROLLING"] },
          { label: words.startedAt, value: <At at={deployment.startedAt ?? deployment.createdAt} /> },
          { label: words.lasting, value: <Lasting deployment={deployment} /> },
          { label: text.arn, value: <Copied value={deployment.serviceDeploymentArn} /> },
          {
            label: words.breaker,
            value: breaker?.status && breaker.status !== "DISABLED" ? `${worded(breaker.status)}: ${words.failures(breaker.failureCount ?? 0, breaker.threshold ?? 0)}` : null,
          },
          {
            label: words.alarms,
            value: alarms?.status && alarms.status !== "DISABLED" ? `${worded(alarms.status)}: ${(alarms.triggeredAlarmNames?.length ? alarms.triggeredAlarmNames : alarms.alarmNames)?.join(", ") ?? ""}` : null,
          },
          { label: words.reason, value: deployment.statusReason },
          deployment.rollback ? { label: words.rolledBack, value: <At at={deployment.rollback.startedAt} /> } : null,
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
        { id: "status", header: words.status, cell: (hook) => <Status of={hook.status} /> },
        { id: "until", header: words.expiresAt, cell: (hook) => <At at={hook.expiresAt} /> },
      ]}
    />
  );
}
