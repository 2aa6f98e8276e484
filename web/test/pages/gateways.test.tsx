// Gateways: their routes with URLs, the clusters that may join, and what a deletion needs.

import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import CreateGatewayPage from "../../src/pages/gateways/CreateGatewayPage.tsx";
import GatewayPage from "../../src/pages/gateways/GatewayPage.tsx";
import GatewaysPage from "../../src/pages/gateways/GatewaysPage.tsx";
import { violations } from "../axe.ts";
import { apiError, renderPage } from "../renderPage.tsx";
import { button, choose, enter, openDialog, press } from "../userActions.ts";

const ECS = "arn:aws:ecs:us-east-1:123456789012";
const ARN = `${ECS}:gateway/edge`;
const ROUTE = `${ECS}:gateway-route/edge/1`;
const BALANCER = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/ecs-edge-1/0123456789abcdef";
const GATEWAY = {
  gatewayArn: ARN,
  name: "edge",
  status: "ACTIVE",
  accessType: "PUBLIC",
  deletionProtection: true,
  configuration: { hostSharedAlb: { port: 443, protocol: "HTTPS", currentAlbCount: 1, maxAlbCount: 10, testTrafficRules: { header: { name: "x-canary", values: ["yes"] } } } },
};
const answers = {
  ListGateways: { gateways: [{ gatewayArn: ARN, name: "edge", status: "ACTIVE" }] },
  DescribeGateway: { gateway: GATEWAY },
  ListGatewayRoutes: { gatewayRoutes: [{ gatewayRouteArn: ROUTE }] },
  DescribeGatewayRoute: {
    gatewayRoute: {
      gatewayRouteArn: ROUTE,
      serviceArn: `${ECS}:service/shop/web`,
      serviceContainerPortName: "http",
      status: "CREATE_IN_PROGRESS",
      serviceUrl: "https://we-1.ecs.us-east-1.localhost",
      resources: { hostSharedAlb: [{ loadBalancerArn: BALANCER }] },
    },
  },
  ListGatewayClusterAssociations: { gatewayClusterAssociations: [{ gatewayArn: ARN, clusterArn: `${ECS}:cluster/shop`, status: "ACTIVE" }] },
  DescribeGatewayResources: { gatewayResources: { gatewayArn: ARN, resources: { hostSharedAlb: [{ loadBalancerArn: BALANCER, securityGroup: "sg-1", gatewayRouteArns: [ROUTE] }] } } },
  ListClusters: { clusterArns: [`${ECS}:cluster/market`] },
  DescribeClusters: { clusters: [{ clusterArn: `${ECS}:cluster/market`, clusterName: "market", status: "ACTIVE" }] },
  gateway: { httpPort: null, httpsPort: 8443, ports: [], listeners: [] },
};
const open = (tab = "", more: Record<string, unknown> = {}) => renderPage(<GatewayPage />, "/gateways/:gateway/:tab?", `/gateways/edge/${tab}`, { ...answers, ...more });

test("gateways are listed", async () => {
  renderPage(<GatewaysPage />, "/gateways", "/gateways", answers);
  expect((await screen.findByRole("link", { name: "edge" })).getAttribute("href")).toBe("/console/gateways/edge");
  expect(await violations()).toEqual([]);
});

test("a route has the URL of its service, with the port of the server", async () => {
  open();
  await screen.findByRole("link", { name: /^https:\/\/we-1\.ecs\.us-east-1\.localhost:8443\// });
  expect(screen.getByRole("link", { name: "web" }).getAttribute("href")).toBe("/console/clusters/shop/services/web");
  expect(screen.getByRole("link", { name: "ecs-edge-1" }).getAttribute("href")).toBe("/console/load-balancers/ecs-edge-1");
  await screen.findByText("Creating");
  await screen.findByText("x-canary: yes");
  expect(await violations()).toEqual([]);
});

test("the load balancers that services share lead to their pages", async () => {
  open("load-balancers");
  const link = await screen.findByRole("link", { name: "ecs-edge-1" });
  expect(link.getAttribute("href")).toBe("/console/load-balancers/ecs-edge-1");
  expect(link.closest("tr")?.textContent).toContain("1sg-1");
});

test("a cluster is associated, and disassociated", async () => {
  const { calls } = open("clusters", { AssociateGatewayWithCluster: {}, DisassociateGatewayFromCluster: {} });
  press(await screen.findByRole("radio", { name: "shop" }));
  press(button("Disassociate"));
  press(button("Disassociate", await openDialog()));
  await waitFor(() => { expect(calls.find(({ operation }) => operation === "DisassociateGatewayFromCluster")?.input).toEqual({ gateway: "edge", cluster: "shop" }); });
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  press(button("Associate cluster"));
  const dialog = await openDialog();
  await waitFor(() => { expect(calls.some(({ operation }) => operation === "DescribeClusters")).toBe(true); });
  await choose(dialog.querySelector("[aria-haspopup]"), "market");
  press(button("Associate cluster", dialog));
  await waitFor(() => { expect(calls.find(({ operation }) => operation === "AssociateGatewayWithCluster")?.input).toEqual({ gateway: "edge", cluster: "market" }); });
});

test("clusters that could not be read are read again", async () => {
  let isFailing = true;
  open("clusters", { ListClusters: () => (isFailing ? apiError("InvalidParameterException", "Not now.") : answers.ListClusters) });
  await screen.findByRole("radio", { name: "shop" });
  press(button("Associate cluster"));
  const dialog = await openDialog();
  fireEvent.mouseDown(dialog.querySelector("[aria-haspopup]") ?? dialog);
  const retry = await screen.findByText("Retry");
  isFailing = false;
  press(retry);
  await screen.findByText("market");
});

test("a route that is gone when it is read is left out", async () => {
  open("", {
    ListGatewayRoutes: { gatewayRoutes: [{ gatewayRouteArn: ROUTE }, { gatewayRouteArn: `${ROUTE}0` }] },
    DescribeGatewayRoute: ({ gatewayRouteArn }: { gatewayRouteArn: string }) => (gatewayRouteArn === ROUTE ? answers.DescribeGatewayRoute : apiError("ResourceNotFoundException", "Gone.")),
  });
  await screen.findByRole("link", { name: "web" });
});

test("a protected gateway is deleted only after the protection is turned off", async () => {
  let isProtected = true;
  const { calls } = open("", {
    DescribeGateway: () => ({ gateway: { ...GATEWAY, deletionProtection: isProtected } }),
    UpdateGateway: () => {
      isProtected = false;
      return {};
    },
    DeleteGateway: {},
  });
  await screen.findByText("Overview");
  expect(button("Delete")?.hasAttribute("disabled")).toBe(true);
  press(button("Turn off deletion protection"));
  press(button("Turn off deletion protection", await openDialog()));
  await waitFor(() => { expect(button("Delete")?.hasAttribute("disabled")).toBe(false); });
  await waitFor(() => { expect(screen.queryByRole("dialog")).toBeNull(); });
  press(button("Delete"));
  const dialog = await openDialog();
  enter(/To confirm/, "edge");
  press(button("Delete", dialog));
  await waitFor(() => { expect(calls.find(({ operation }) => operation === "DeleteGateway")?.input).toEqual({ gateway: "edge" }); });
});

test("a new gateway has a role, a scheme and protection", async () => {
  const { calls } = renderPage(<CreateGatewayPage />, "/create-gateway", "/create-gateway", { CreateGateway: {} });
  enter(/^Gateway/, "edge");
  enter(/^Test traffic header name/, "x-canary");
  enter(/^Test traffic header value/, "yes");
  press(button("Create"));
  await waitFor(() => {
    expect(calls.find(({ operation }) => operation === "CreateGateway")?.input).toMatchObject({
      name: "edge",
      infrastructureRoleArn: "arn:aws:iam::123456789012:role/ecsInfrastructureRole",
      deletionProtection: true,
      configuration: { hostSharedAlb: { scheme: "internet-facing", maxAlbCount: 10, testTrafficRules: { header: { name: "x-canary", values: ["yes"] } } } },
    });
  });
});
