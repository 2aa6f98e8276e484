// How far a deployment is, by what the API says of it.

import { expect, test } from "vitest";
import { pendingHook, hasStages, stageProgress, type StageState } from "../../src/pages/services/stages.ts";
import { waitingDeployment } from "../shop.ts";

const states = (deployment: Parameters<typeof stageProgress>[0]): StageState[] => stageProgress(deployment).map(({ state }) => state);
const count = (all: StageState[], state: StageState) => all.filter((one) => one === state).length;

test("a deployment that waits at a hook has done what was before, and the rest is to come", () => {
  const deployment = waitingDeployment();
  const progress = stageProgress(deployment);
  const at = progress.findIndex(({ stage }) => stage === "POST_TEST_TRAFFIC_SHIFT");
  expect(progress.map(({ state }) => state)).toEqual([
    ...Array<StageState>(at).fill("done"),
    "waiting",
    ...Array<StageState>(progress.length - at - 1).fill("upcoming"),
  ]);
  expect(pendingHook(deployment)?.hookId).toMatch(/./);
});

test("one that is over has done everything; one that went back ended where it was", () => {
  const deployment = { ...waitingDeployment(), lifecycleHookDetails: [] };
  expect(new Set(states({ ...deployment, status: "SUCCESSFUL" }))).toEqual(new Set(["done"]));
  const back = states({ ...deployment, status: "ROLLBACK_IN_PROGRESS" });
  expect(count(back, "failed")).toBe(1);
  expect(count(back, "upcoming")).toBe(0);
  expect(count(states({ ...deployment, status: "IN_PROGRESS" }), "now")).toBe(1);
});

test("a rolling deployment shows stages only when it says one", () => {
  const rolling = { deploymentConfiguration: { strategy: "ROLLING" as const }, status: "IN_PROGRESS" as const };
  expect(hasStages(rolling)).toBe(false);
  expect(hasStages({ ...rolling, lifecycleStage: "PRE_SCALE_UP" })).toBe(true);
  expect(hasStages(waitingDeployment())).toBe(true);
});
