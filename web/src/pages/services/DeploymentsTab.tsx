import type { Service, ServiceDeployment } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { isFinished } from "../../aws/deployments.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { useDeployments } from "../../live/queries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Timestamp, formatDuration, useNow } from "../../parts/Time.tsx";
import { Status } from "../../parts/Status.tsx";
import { DeploymentActions } from "./DeploymentActions.tsx";
import { DeploymentProgress } from "./DeploymentProgress.tsx";
import { pendingHook } from "./stages.ts";

/** The deployment in progress, and the history of deployments. */
export function DeploymentsTab({ service, cluster }: { service: Service; cluster: string }) {
  const text = useText().services.deployment;
  const name = service.serviceName ?? "";
  const query = useDeployments(cluster, name);
  const current = (query.data ?? []).find((deployment) => !isFinished(deployment));
  return (
    <SpaceBetween size="l">
      {current ? <CurrentDeployment deployment={current} cluster={cluster} service={name} /> : null}
      <LiveTable
        query={query}
        unsorted
        wrap
        id={(deployment) => deployment.serviceDeploymentArn ?? ""}
        title={text.history}
        empty={{ title: text.none }}
        columns={[
          {
            id: "id",
            header: text.deployment,
            cell: (deployment) => <Link href={href(paths.deployment(cluster, name, nameOf(deployment.serviceDeploymentArn)))}>{nameOf(deployment.serviceDeploymentArn)}</Link>,
            isRowHeader: true,
          },
          { id: "status", header: text.status, cell: (deployment) => <Status status={deployment.status} /> },
          { id: "revision", header: text.targetRevision, cell: (deployment) => nameOf(deployment.targetServiceRevision?.arn) },
          { id: "started", header: text.startedAt, cell: (deployment) => <Timestamp date={deployment.startedAt ?? deployment.createdAt} /> },
          { id: "lasting", header: text.duration, cell: (deployment) => <DeploymentDuration deployment={deployment} /> },
          { id: "reason", header: text.reason, cell: (deployment) => deployment.statusReason ?? deployment.rollback?.reason },
        ]}
      />
    </SpaceBetween>
  );
}

function CurrentDeployment({ deployment, cluster, service }: { deployment: ServiceDeployment; cluster: string; service: string }) {
  const text = useText().services.deployment;
  const id = nameOf(deployment.serviceDeploymentArn);
  return (
    <Container
      header={
        <Header variant="h2" description={<Link href={href(paths.deployment(cluster, service, id))}>{id}</Link>} actions={<DeploymentActions deployment={deployment} />}>
          {text.current} <Status status={deployment.status} />
        </Header>
      }
    >
      <SpaceBetween size="l">
        <PendingHookAlert deployment={deployment} />
        <DeploymentProgress deployment={deployment} />
      </SpaceBetween>
    </Container>
  );
}

/** An alert that a lifecycle hook is awaiting action, with the outcome if nobody answers until it expires. */
export function PendingHookAlert({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services.deployment;
  const hook = pendingHook(deployment);
  if (!hook) return null;
  return (
    <Alert type="warning" header={text.waiting}>
      {hook.timeoutAction === "CONTINUE" ? text.thenContinue : text.thenRollback} <Timestamp date={hook.expiresAt} />
    </Alert>
  );
}

/** The duration of a deployment, up to now if it is in progress. */
export function DeploymentDuration({ deployment }: { deployment: ServiceDeployment }) {
  const language = useLanguage();
  const now = useNow();
  const start = deployment.startedAt ?? deployment.createdAt;
  const end = deployment.finishedAt ?? deployment.stoppedAt;
  return start ? formatDuration((end?.getTime() ?? now) - start.getTime(), language) : null;
}
