// The stages of a service deployment, and how far one is in them.

import type { DeploymentStrategy, ServiceDeployment, ServiceDeploymentLifecycleStage } from "@aws-sdk/client-ecs";

export type Stage = ServiceDeploymentLifecycleStage;
export type StageState = "done" | "now" | "waiting" | "failed" | "to come" | "left out";

const ROLLING: readonly Stage[] = ["RECONCILE_SERVICE", "PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "BAKE_TIME", "CLEAN_UP"];
const SHIFTING: readonly Stage[] = [
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

export function stagesOf(strategy: DeploymentStrategy | undefined): readonly Stage[] {
  return strategy === undefined || strategy === "ROLLING" ? ROLLING : SHIFTING;
}

const BACK = new Set(["ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOP_REQUESTED", "STOPPED"]);

/**
 * Each stage with how it stands. A deployment that goes back, or was stopped, got as far as the stage that it says; where it
 * says none any more, nothing is known of how far that was.
 */
export function progressOf(deployment: ServiceDeployment): { stage: Stage; state: StageState }[] {
  const stages = stagesOf(deployment.deploymentConfiguration?.strategy);
  if (deployment.status === "SUCCESSFUL") return stages.map((stage) => ({ stage, state: "done" }));
  const at = deployment.lifecycleStage ? stages.indexOf(deployment.lifecycleStage) : -1;
  const back = BACK.has(deployment.status ?? "");
  const here: StageState = back ? "failed" : awaited(deployment) ? "waiting" : "now";
  return stages.map((stage, index) => ({ stage, state: index < at ? "done" : index === at ? here : back ? "left out" : "to come" }));
}

/** The hook that waits for somebody's answer, if one does. */
export function awaited(deployment: ServiceDeployment) {
  return deployment.lifecycleHookDetails?.find((hook) => hook.status === "AWAITING_ACTION");
}

/** Whether stages tell more than the counts of tasks do. */
export function hasStages(deployment: ServiceDeployment): boolean {
  return deployment.lifecycleStage !== undefined || stagesOf(deployment.deploymentConfiguration?.strategy) !== ROLLING;
}
