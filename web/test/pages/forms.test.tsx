// Forms: what they ask of the API, and what they show when it says no.

import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import ClusterPage from "../../src/pages/clusters/ClusterPage.tsx";
import CreateClusterPage from "../../src/pages/clusters/CreateClusterPage.tsx";
import EditClusterPage from "../../src/pages/clusters/EditClusterPage.tsx";
import { SubnetsAndGroups } from "../../src/pages/services/fields/NetworkFields.tsx";
import UpdateServicePage from "../../src/pages/services/UpdateServicePage.tsx";
import RunTaskPage from "../../src/pages/tasks/RunTaskPage.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";
import { apiError, renderPage } from "../renderPage.tsx";
import { answers, refusal } from "../shop.ts";

const shop = { ...answers, DescribeClusters: { clusters: answers.DescribeClusters.clusters.filter((one) => one.clusterName === "shop") } };
const input = (calls: readonly { operation: string; input: unknown }[], operation: string) => calls.find((call) => call.operation === operation)?.input;

test("a cluster is created with its default namespace", async () => {
  const { calls } = renderPage(<CreateClusterPage />, "/create-cluster", "/create-cluster", { ...shop, CreateCluster: {} });
  await screen.findByLabelText("Cluster name");
  enter("Cluster name", "new one");
  press(button("Create"));
  expect(await screen.findByText("Enter a name of 1 to 255 letters, numbers, hyphens, and underscores.")).toBeTruthy();
  expect(input(calls, "CreateCluster")).toBeUndefined();
  enter("Cluster name", "new");
  enter(/Default Service Connect namespace/, "books");
  expect(await screen.findByText(/Namespace books doesn't exist yet/)).toBeTruthy();
  press(button("Create"));
  await screen.findByText("elsewhere"); // the new cluster's page
  expect(input(calls, "CreateCluster")).toEqual({
    clusterName: "new",
    settings: [{ name: "containerInsights", value: "disabled" }],
    serviceConnectDefaults: { namespace: "books" },
  });
});

test("what the API refuses is said in the form, and nothing is lost", async () => {
  renderPage(<CreateClusterPage />, "/create-cluster", "/create-cluster", { ...shop, CreateCluster: refusal("CreateCluster") });
  await screen.findByLabelText("Cluster name");
  enter("Cluster name", "new");
  press(button("Create"));
  await screen.findAllByText(/InvalidParameterException: The specified capacity provider does not exist/);
  expect(screen.getByLabelText<HTMLInputElement>("Cluster name").value).toBe("new");
});

test("a cluster's form begins with what it has", async () => {
  const { calls } = renderPage(<EditClusterPage />, "/clusters/:cluster/edit", "/clusters/shop/edit", { ...shop, UpdateCluster: {} });
  const namespace = await screen.findByLabelText<HTMLInputElement>(/Default Service Connect namespace/);
  expect(namespace.value).toBe("shop");
  press(button("Save changes"));
  await waitFor(() => {
    expect(input(calls, "UpdateCluster")).toMatchObject({ cluster: "shop", serviceConnectDefaults: { namespace: "shop" } });
  });
});

test("a cluster is deleted only after its name was typed, and its refusal is AWS's", async () => {
  const { calls } = renderPage(<ClusterPage />, "/clusters/:cluster/:tab?", "/clusters/shop", { ...shop, DeleteCluster: refusal("DeleteCluster") });
  const [open] = await screen.findAllByText("Delete");
  await waitFor(() => {
    expect(open?.closest("button")?.disabled).toBe(false);
  });
  if (open) press(open);
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("The cluster still has 2 services");
  expect(button("Delete", dialog)?.hasAttribute("disabled")).toBe(true);
  enter(/To confirm/, "shop");
  press(button("Delete", dialog));
  await screen.findByText("ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.");
  expect(input(calls, "DeleteCluster")).toEqual({ cluster: "shop" });
});

test("an update says whether it deploys, and sends what was changed alone", async () => {
  const services = { services: answers.DescribeServices.services.filter((service) => service.serviceName === "catalog") };
  const pattern = "/clusters/:cluster/services/:service/update";
  const given = { ...shop, DescribeServices: services, UpdateService: {} };
  const { calls } = renderPage(<UpdateServicePage />, pattern, "/clusters/shop/services/catalog/update", given);
  await screen.findByText("No changes yet.");
  enter("Desired tasks", "4");
  await screen.findByText("This change takes effect without a new deployment.");
  press(screen.getByLabelText("Client side only"));
  await screen.findByText(/This change starts a new deployment/);
  press(button("Update service"));
  await waitFor(() => {
    expect(input(calls, "UpdateService")).toEqual({
      cluster: "shop",
      service: "catalog",
      desiredCount: 4,
      serviceConnectConfiguration: { enabled: true, services: [] },
    });
  });
});

test("what is wrong with tasks to run is marked at its fields, before anything is sent", async () => {
  const given = { ...shop, DescribeSubnets: "<DescribeSubnetsResponse/>", DescribeSecurityGroups: "<DescribeSecurityGroupsResponse/>" };
  const { calls } = renderPage(<RunTaskPage />, "/clusters/:cluster/run-task", "/clusters/shop/run-task", given);
  await screen.findByLabelText("Desired tasks");
  enter("Desired tasks", "11");
  press(button("Run"));
  for (const error of ["Choose a task definition.", "Enter a whole number from 1 to 10.", "Correct the marked fields."]) expect((await screen.findAllByText(error)).length).toBeGreaterThan(0);
  enter("Desired tasks", "2");
  await waitFor(() => { expect(screen.queryByText("Enter a whole number from 1 to 10.")).toBeNull(); });
  expect(input(calls, "RunTask")).toBeUndefined();
});

test("subnets that could not be loaded are an alert beside their choice", async () => {
  const fields = { draft: { subnets: [], groups: [] }, change: () => undefined, errors: {}, subnetsDetail: "", groupsDetail: "" };
  renderPage(<SubnetsAndGroups {...fields} />, "/", "/", { DescribeSubnets: apiError("RequestLimitExceeded", "Not now."), DescribeSecurityGroups: "" });
  await screen.findByText("Couldn't load the data");
  expect(button("Retry")).toBeTruthy();
});
