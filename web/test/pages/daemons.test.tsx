// Managed daemons: the list of a cluster, a daemon with its deployments, and daemon task definitions.

import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import DaemonDefinitionPage from "../../src/pages/daemons/DaemonDefinitionPage.tsx";
import DaemonDefinitionsPage from "../../src/pages/daemons/DaemonDefinitionsPage.tsx";
import DaemonPage from "../../src/pages/daemons/DaemonPage.tsx";
import { DaemonsTable } from "../../src/pages/daemons/DaemonsTable.tsx";
import { violations } from "../axe.ts";
import { renderPage } from "../renderPage.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";

const ECS = "arn:aws:ecs:us-east-1:123456789012";
const DAEMON = `${ECS}:daemon/default/watch`;
const DEPLOYMENT = `${ECS}:daemon-deployment/default/watch/abc`;
const DEFINITION = `${ECS}:daemon-task-definition/agent:2`;
const revision = (id: string, running: number) => ({
  arn: `${ECS}:daemon-revision/default/watch/${id}`,
  capacityProviders: [{ arn: `${ECS}:capacity-provider/machines`, runningCount: running, withoutDaemonCount: 1 }],
  totalRunningCount: running,
  totalWithoutDaemonCount: 1,
});
const answers = {
  ListDaemons: { daemonSummariesList: [{ daemonArn: DAEMON, status: "ACTIVE" }] },
  DescribeDaemon: { daemon: { daemonArn: DAEMON, status: "ACTIVE", deploymentArn: DEPLOYMENT, currentRevisions: [revision("2", 3), revision("1", 2)] } },
  DescribeDaemonRevisions: {
    daemonRevisions: [{ daemonTaskDefinitionArn: DEFINITION, critical: true, enableExecuteCommand: false, containerImages: [{ containerName: "agent", image: "moyai.local/host" }] }],
  },
  ListTagsForResource: { tags: [{ key: "team", value: "ops" }] },
  ListDaemonDeployments: { daemonDeployments: [{ daemonDeploymentArn: DEPLOYMENT }] },
  DescribeDaemonDeployments: {
    daemonDeployments: [
      {
        daemonDeploymentArn: DEPLOYMENT,
        status: "ROLLBACK_SUCCESSFUL",
        targetDaemonRevision: { arn: revision("2", 3).arn, totalRunningInstanceCount: 3, totalWithoutDaemonInstanceCount: 1, totalDrainingInstanceCount: 2 },
        circuitBreaker: { failureCount: 3, threshold: 3 },
        rollback: { reason: "3 instances failed" },
        deploymentConfiguration: { drainPercent: 50 },
      },
    ],
  },
  ListDaemonTaskDefinitions: { daemonTaskDefinitions: [{ arn: DEFINITION, status: "ACTIVE" }] },
  DescribeDaemonTaskDefinition: { daemonTaskDefinition: { daemonTaskDefinitionArn: DEFINITION, status: "ACTIVE", containerDefinitions: [{ name: "agent", image: "moyai.local/host", memory: 64 }] } },
};
const open = (tab = "", more: Record<string, unknown> = {}) =>
  renderPage(<DaemonPage />, "/clusters/:cluster/daemons/:daemon/:tab?", `/clusters/default/daemons/watch/${tab}`, { ...answers, ...more });

test("the daemons of a cluster are listed with how many of their tasks run", async () => {
  const { calls } = renderPage(<DaemonsTable cluster="default" />, "/", "/", answers);
  const link = await screen.findByRole("link", { name: "watch" });
  expect(link.getAttribute("href")).toBe("/console/clusters/default/daemons/watch");
  expect(link.closest("tr")?.textContent).toContain("Active51machines");
  expect(calls[0]?.input).toEqual({ clusterArn: `${ECS}:cluster/default` });
  expect(await violations()).toEqual([]);
});

test("a daemon shows its deployments, with the reason of a rollback", async () => {
  open();
  const row = await screen.findByRole("row", { name: /abc/ });
  for (const part of ["Rollback successful", "3 running, 1 without the daemon, 2 draining", "3 of 3 allowed", "50 %", "3 instances failed"]) expect(row.textContent).toContain(part);
  expect(screen.getByRole("link", { name: "agent:2" }).getAttribute("href")).toBe("/console/daemon-task-definitions/agent/2");
  expect(await violations()).toEqual([]);
});

test("a deletion says how many tasks it stops", async () => {
  const { calls } = open("tags", { DeleteDaemon: { daemonArn: DAEMON, status: "DELETE_IN_PROGRESS" } });
  await screen.findByText("ops");
  press(button("Delete"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("Its 5 running tasks are stopped");
  enter(/To confirm/, "watch");
  press(button("Delete daemon", dialog));
  await waitFor(() => { expect(calls.find(({ operation }) => operation === "DeleteDaemon")?.input).toEqual({ daemonArn: DAEMON }); });
});

test("daemon task definitions are listed, and one shows its containers", async () => {
  renderPage(<DaemonDefinitionsPage />, "/daemon-task-definitions", "/daemon-task-definitions", answers);
  expect((await screen.findByRole("link", { name: "agent:2" })).getAttribute("href")).toBe("/console/daemon-task-definitions/agent/2");
});

test("a daemon task definition is deleted", async () => {
  const { calls } = renderPage(<DaemonDefinitionPage />, "/daemon-task-definitions/:family/:revision", "/daemon-task-definitions/agent/2", { ...answers, DeleteDaemonTaskDefinition: {} });
  await screen.findByText(/"memory": 64/);
  expect(await violations()).toEqual([]);
  press(button("Delete"));
  press(button("Delete", await openDialog()));
  await waitFor(() => { expect(calls.find(({ operation }) => operation === "DeleteDaemonTaskDefinition")?.input).toEqual({ daemonTaskDefinition: "agent:2" }); });
});
