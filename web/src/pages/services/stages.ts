// The lifecycle stages of a service deployment, and its progress through them.

import type { DeploymentStrategy, ServiceDeployment, ServiceDeploymentLifecycleStage } from "@aws-sdk/client-ecs";

export type LifecycleStage = ServiceDeploymentLifecycleStage;
export type StageState = "done" | "now" | "waiting" | "failed" | "upcoming" | "skipped";

const ROLLING: readonly LifecycleStage[] = ["RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "BAKE_TIME", "CLEAN_UP"];
const TRAFFIC_SHIFT: readonly LifecycleStage[] = [
  "RECONCILE_SERVICE",
  "PRE_SCALE_UP",
  "SCALE_UP",
  "POST_SCALE_UP",
  "TEST_TRAFFIC_SHIFT",
  "POST_TEST_TRAFFIC_SHIFT",
  "PRODUCTION_TRAFFIC_SHIFT",
  "POST_PRODUCTION_TRAFFIC_SHIFT",
  "BAKE_TIME",
  "CLEAN_UP",
];

function stagesOf(strategy: DeploymentStrategy | undefined): readonly LifecycleStage[] {
  return strategy === undefined || strategy === "ROLLING" ? ROLLING : TRAFFIC_SHIFT;
}

const ENDED = new Set(["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOP_REQUESTED", "STOPPED"]);

/**
 * Each stage with its state. A deployment that was stopped or is rolled back ended at its current stage; if it has none, the
 * stage that it reached is unknown.
 */
export function stageProgress(deployment: ServiceDeployment): { stage: LifecycleStage; state: StageState }[] {
  const stages = stagesOf(deployment.deploymentConfiguration?.strategy);
  if (deployment.status === "SUCCESSFUL") return stages.map((stage) => ({ stage, state: "done" }));
  const current = deployment.lifecycleStage ? stages.indexOf(deployment.lifecycleStage) : -1;
  const hasEnded = ENDED.has(deployment.status ?? "");
  const currentState: StageState = hasEnded ? "failed" : pendingHook(deployment) ? "waiting" : "now";
  return stages.map((stage, index) => ({ stage, state: index < current ? "done" : index === current ? currentState : hasEnded ? "skipped" : "upcoming" }));
}

/** The lifecycle hook that is awaiting action. */
export function pendingHook(deployment: ServiceDeployment) {
  return deployment.lifecycleHookDetails?.find((hook) => hook.status === "AWAITING_ACTION");
}

/** Whether to show stages. A rolling update without hooks passes none that a reader needs to know. */
export function hasStages(deployment: ServiceDeployment): boolean {
  return deployment.lifecycleStage !== undefined || stagesOf(deployment.deploymentConfiguration?.strategy) !== ROLLING;
}
