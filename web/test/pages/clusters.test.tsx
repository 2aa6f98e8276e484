import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import ClustersPage from "../../src/pages/clusters/ClustersPage.tsx";
import { apiError, renderPage } from "../renderPage.tsx";

const ARN = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
const SHOP = { clusterArn: ARN, clusterName: "shop", status: "ACTIVE", activeServicesCount: 4, runningTasksCount: 7, pendingTasksCount: 0 };

const open = (answers: Record<string, unknown>) => renderPage(<ClustersPage />, "/clusters", "/clusters", answers);

test("clusters are listed with what runs in them, and lead to their pages", async () => {
  open({ ListClusters: { clusterArns: [ARN] }, DescribeClusters: { clusters: [SHOP] } });
  const link = await screen.findByRole("link", { name: "shop" });
  expect(link.getAttribute("href")).toBe("/console/clusters/shop");
  expect(screen.getByRole("row", { name: /shop/ }).textContent).toContain("7");
});

test("where there are none, the page offers to create one", async () => {
  open({ ListClusters: { clusterArns: [] } });
  await screen.findByText("No clusters");
  expect(screen.getAllByRole("link", { name: "Create cluster" })[0]?.getAttribute("href")).toBe("/console/create-cluster");
});

test("an error is AWS's own message, and can be tried again", async () => {
  let fails = true;
  const { calls } = open({
    ListClusters: () => (fails ? apiError("AccessDeniedException", "You may not.") : { clusterArns: [ARN] }),
    DescribeClusters: { clusters: [SHOP] },
  });
  await screen.findByText("AccessDeniedException: You may not.");
  fails = false;
  screen.getByRole("button", { name: "Retry" }).click();
  await screen.findByRole("link", { name: "shop" });
  expect(calls.map((call) => call.operation)).toContain("DescribeClusters");
});

test("what changes on the server changes on the page", async () => {
  let running = 7;
  const { cache } = open({
    ListClusters: { clusterArns: [ARN] },
    DescribeClusters: () => ({ clusters: [{ ...SHOP, runningTasksCount: running }] }),
  });
  await screen.findByRole("link", { name: "shop" });
  running = 31;
  cache.invalidate({ everything: false, changes: [{ kind: "task", cluster: "shop" }] });
  await waitFor(() => {
    expect(screen.getByRole("row", { name: /shop/ }).textContent).toContain("31");
  });
});
