// The progress of a deployment: its lifecycle stages, and for each revision its tasks and its share of the traffic.

import type { ServiceDeployment, ServiceRevision, ServiceRevisionSummary } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Steps from "@cloudscape-design/components/steps";
import type { StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import { nameOf } from "../../aws/arn.ts";
import { readRevisions } from "../../aws/deployments.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { Properties } from "../../parts/Properties.tsx";
import { TaskCounts } from "../../parts/TaskCounts.tsx";
import { RuleShares } from "./LoadBalancingTab.tsx";
import { hasStages, stageProgress, type StageState } from "./stages.ts";

const STATUS: Readonly<Record<StageState, StatusIndicatorProps.Type>> = {
  done: "success",
  now: "in-progress",
  waiting: "warning",
  failed: "error",
  upcoming: "pending",
  skipped: "stopped",
};

export function DeploymentProgress({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services.deployment;
  const revisions = <Revisions deployment={deployment} />;
  if (!hasStages(deployment)) return revisions;
  return (
    <ColumnLayout columns={2} variant="text-grid">
      {revisions}
      <Steps
        ariaLabel={text.stages}
        steps={stageProgress(deployment).map(({ stage, state }) => ({
          header: text.stage[stage],
          status: STATUS[state],
          statusIconAriaLabel: text.state[state],
          ...(state === "now" || state === "waiting" ? { details: <Box color="text-body-secondary">{text.stageDetail[stage]}</Box> } : {}),
        }))}
      />
    </ColumnLayout>
  );
}

function Revisions({ deployment }: { deployment: ServiceDeployment }) {
  const text = useText().services.deployment;
  const target = useTarget();
  const sources = deployment.sourceServiceRevisions ?? [];
  const targetRevision = deployment.targetServiceRevision;
  const arns = [...sources, ...(targetRevision ? [targetRevision] : [])].map(({ arn }) => arn ?? "");
  const query = useLive(["service-revisions", ...arns], [], (signal) => readRevisions(target, arns, signal));
  const definitions = new Map((query.data ?? []).map((one) => [one.serviceRevisionArn, nameOf(one.taskDefinition)]));
  const renderRevision = (revision: ServiceRevisionSummary, title: string) => (
    <Revision key={revision.arn} revision={revision} title={title} definition={definitions.get(revision.arn)} />
  );
  return (
    <SpaceBetween size="l">
      {targetRevision ? renderRevision(targetRevision, text.targetRevision) : null}
      {sources.map((source) => renderRevision(source, text.sourceRevision))}
      <ListenerRules revision={query.data?.find((one) => one.serviceRevisionArn === targetRevision?.arn)} />
    </SpaceBetween>
  );
}

/** The listener rules whose weights the deployment shifts, with their current weights. */
function ListenerRules({ revision }: { revision: ServiceRevision | undefined }) {
  const text = useText().balancing;
  return (revision?.loadBalancers ?? []).map(({ targetGroupArn, advancedConfiguration: { productionListenerRule: production, testListenerRule: test } = {} }) => (
    <Properties
      key={targetGroupArn}
      columns={2}
      items={[
        production === undefined ? null : { label: text.productionRule, value: <RuleShares rule={production} /> },
        test === undefined ? null : { label: text.testRule, value: <RuleShares rule={test} /> },
      ]}
    />
  ));
}

function Revision({ revision, title, definition }: { revision: ServiceRevisionSummary; title: string; definition: string | undefined }) {
  const text = useText().services.deployment;
  const { requestedProductionTrafficWeight: production, requestedTestTrafficWeight: test } = revision;
  return (
    <SpaceBetween size="xs">
      <Box>
        <b>{title}</b> {definition} <Box variant="span" color="text-body-secondary" fontSize="body-s">{text.revision(nameOf(revision.arn))}</Box>
      </Box>
      <TaskCounts running={revision.runningTaskCount} desired={revision.requestedTaskCount} pending={revision.pendingTaskCount} />
      {production === undefined ? null : <ProgressBar variant="standalone" value={production} label={text.production} />}
      {test === undefined ? null : <ProgressBar variant="standalone" value={test} label={text.test} />}
    </SpaceBetween>
  );
}
