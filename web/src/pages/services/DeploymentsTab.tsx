import type { Service, ServiceDeployment } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { isOver } from "../../aws/deployments.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";
import { useDeployments } from "../../live/readings.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { At, lasting, useNow } from "../../parts/Moment.tsx";
import { Status } from "../../parts/Status.tsx";
import { DeploymentActions } from "./DeploymentActions.tsx";
import { DeploymentProgress } from "./DeploymentProgress.tsx";
import { awaited } from "./stages.ts";

/** The deployment that is under way, as it goes, and those before it. */
export function DeploymentsTab({ service, cluster }: { service: Service; cluster: string }) {
  const text = useText().services.deployment;
  const name = service.serviceName ?? "";
  const found = useDeployments(cluster, name);
  const now = (found.data ?? []).find((deployment) => !isOver(deployment));
  return (
    <SpaceBetween size="l">
      {now ? <Now deployment={now} cluster={cluster} service={name} /> : null}
      <LiveTable
        found={found}
        unsorted
        wrap
        id={(deployment) => deployment.serviceDeploymentArn ?? ""}
        title={text.history}
        empty={{ title: text.none }}
        columns={[
          {
            id: "id",
            header: text.deployment,
            cell: (one) => <Link href={href(paths.deployment(cluster, name, nameOf(one.serviceDeploymentArn)))}>{nameOf(one.serviceDeploymentArn)}</Link>,
            isRowHeader: true,
          },
          { id: "status", header: text.status, cell: (one) => <Status of={one.status} /> },
          { id: "revision", header: text.goal, cell: (one) => nameOf(one.targetServiceRevision?.arn) },
          { id: "started", header: text.startedAt, cell: (one) => <At at={one.startedAt ?? one.createdAt} /> },
          { id: "lasting", header: text.lasting, cell: (one) => <Lasting deployment={one} /> },
          { id: "reason", header: text.reason, cell: (one) => one.statusReason ?? one.rollback?.reason },
        ]}
      />
    </SpaceBetween>
  );
}

function Now({ deployment, cluster, service }: { deployment: ServiceDeployment; cluster: string; service: string }) {
  const text = useText().services.deployment;
  const id = nameOf(deployment.serviceDeploymentArn);
  return (
    <Container
      header={
        <Header variant="h2" description={<Link href={href(paths.deployment(cluster, service, id))}>{id}</Link>} actions={<DeploymentActions deployment={deployment} />}>
          {text.now} <Status of={deployment.status} />
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Waiting deployment={deployment} />
        <DeploymentProgress deployment={deployment} />
      </SpaceBetween>
    </Container>
  );
}

/** That a hook waits for an answer, and what happens without one. */
export function Waiting({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services.deployment;
  const hook = awaited(deployment);
  if (!hook) return null;
  return (
    <Alert type="warning" header={text.waiting}>
      {hook.timeoutAction === "CONTINUE" ? text.thenContinue : text.thenRollback} <At at={hook.expiresAt} />
    </Alert>
  );
}

/** How long it took, or takes so far. */
export function Lasting({ deployment }: { deployment: ServiceDeployment }) {
  const language = useLanguage();
  const now = useNow();
  const from = deployment.startedAt ?? deployment.createdAt;
  const to = deployment.finishedAt ?? deployment.stoppedAt;
  return from ? lasting((to?.getTime() ?? now) - from.getTime(), language) : null;
}
