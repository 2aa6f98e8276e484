// The container instances of a cluster.

import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { ContainerInstancesTable } from "../../src/pages/clusters/ContainerInstancesTable.tsx";
import { violations } from "../axe.ts";
import { button, openDialog, press } from "../userActions.ts";
import { renderPage } from "../renderPage.tsx";

const ARN = "arn:aws:ecs:us-east-1:123456789012:container-instance/shop/ci-1";
const amounts = (cpu: number, memory: number) => [
  { name: "CPU", type: "INTEGER", integerValue: cpu },
  { name: "MEMORY", type: "INTEGER", integerValue: memory },
];
const ONE = {
  containerInstanceArn: ARN,
  ec2InstanceId: "i-0abc",
  status: "ACTIVE",
  agentConnected: true,
  runningTasksCount: 2,
  pendingTasksCount: 1,
  registeredResources: amounts(2048, 4096),
  remainingResources: amounts(1024, 3000),
  attributes: [{ name: "ecs.availability-zone", value: "us-east-1a" }],
};

const open = (more: Record<string, unknown> = {}) =>
  renderPage(<ContainerInstancesTable cluster="shop" />, "/", "/", {
    ListContainerInstances: { containerInstanceArns: [ARN] },
    DescribeContainerInstances: { containerInstances: [ONE] },
    ...more,
  });

test("an instance shows its zone, its agent, its tasks and what is left of it", async () => {
  open();
  const row = await screen.findByRole("row", { name: /i-0abc/ });
  for (const part of ["ci-1", "us-east-1a", "Active", "Connected", "1024 of 2048", "3000 of 4096"]) expect(row.textContent).toContain(part);
  expect(await violations()).toEqual([]);
});

test("draining asks first, tells what becomes of the tasks, and shows a failure that the answer lists", async () => {
  const { calls } = open({ UpdateContainerInstancesState: { failures: [{ arn: ARN, reason: "INACTIVE" }] } });
  press(await screen.findByRole("radio", { name: "ci-1" }));
  expect(button("Activate")?.getAttribute("disabled")).not.toBeNull();
  press(button("Drain"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("3 tasks are running on it");
  expect(calls.some((call) => call.operation === "UpdateContainerInstancesState")).toBe(false);
  press(button("Drain instance", dialog));
  await screen.findByText(`INACTIVE: ${ARN}`);
  await waitFor(() => {
    expect(calls.find((call) => call.operation === "UpdateContainerInstancesState")?.input).toEqual({ cluster: "shop", containerInstances: ["ci-1"], status: "DRAINING" });
  });
});
