// Namespaces, their services of Cloud Map, and the services' instances.

import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import DiscoveryServicePage from "../../src/pages/namespaces/DiscoveryServicePage.tsx";
import { attributesOf, initialAttributes, isInstanceId, duplicateKey } from "../../src/pages/namespaces/instanceDraft.ts";
import NamespacePage from "../../src/pages/namespaces/NamespacePage.tsx";
import NamespacesPage from "../../src/pages/namespaces/NamespacesPage.tsx";
import { violations } from "../axe.ts";
import { button, enter, openDialog, press } from "../userActions.ts";
import { apiError, renderPage } from "../renderPage.tsx";

const SCOPE = "us-east-1:123456789012";
const HTTP = {
  Id: "ns-shop",
  Arn: `arn:aws:servicediscovery:${SCOPE}:namespace/ns-shop`,
  ResourceOwner: "123456789012",
  Name: "shop",
  Type: "HTTP",
  ServiceCount: 3,
  Properties: { HttpProperties: { HttpName: "shop" } },
  CreateDate: 1795571004,
};
const DNS = {
  ...HTTP,
  Id: "ns-inner",
  Arn: `arn:aws:servicediscovery:${SCOPE}:namespace/ns-inner`,
  Name: "shop.internal",
  Type: "DNS_PRIVATE",
  Properties: { HttpProperties: { HttpName: "shop.internal" }, DnsProperties: { HostedZoneId: "Z0123", SOA: { TTL: 15 } } },
};
const CART = {
  Id: "srv-cart",
  Arn: `arn:aws:servicediscovery:${SCOPE}:service/srv-cart`,
  Name: "cart",
  NamespaceId: "ns-inner",
  InstanceCount: 2,
  Type: "DNS_HTTP",
  DnsConfig: { NamespaceId: "ns-inner", RoutingPolicy: "MULTIVALUE", DnsRecords: [{ Type: "A", TTL: 10 }, { Type: "SRV", TTL: 20 }] },
  HealthCheckCustomConfig: { FailureThreshold: 1 },
  CreateDate: 1795571004,
};
const INSTANCES = [
  { Id: "i-own", Attributes: { AWS_INSTANCE_IPV4: "10.0.0.7", AWS_INSTANCE_PORT: "80", stage: "blue" } },
  { Id: "i-task", Attributes: { AWS_INSTANCE_IPV4: "10.0.0.8", ECS_SERVICE_NAME: "cart-v2" } },
];

const openNamespace = (tab: string, more: Record<string, unknown> = {}) =>
  renderPage(<NamespacePage />, "/namespaces/:namespace/:tab?", `/namespaces/ns-inner/${tab}`, { GetNamespace: { Namespace: DNS }, ...more });

const openService = (more: Record<string, unknown> = {}) =>
  renderPage(<DiscoveryServicePage />, "/namespaces/:namespace/services/:service", "/namespaces/ns-inner/services/srv-cart", {
    GetNamespace: { Namespace: DNS },
    GetService: { Service: CART },
    ListInstances: { Instances: INSTANCES },
    GetInstancesHealthStatus: { Status: { "i-own": "UNHEALTHY", "i-task": "HEALTHY" } },
    ...more,
  });

test("namespaces are listed with how they are looked up, and lead to their pages", async () => {
  renderPage(<NamespacesPage />, "/namespaces", "/namespaces", { ListNamespaces: { Namespaces: [HTTP, DNS] } });
  const link = await screen.findByRole("link", { name: "shop" });
  expect(link.getAttribute("href")).toBe("/console/namespaces/ns-shop");
  const rows = screen.getAllByRole("row").map((row) => row.textContent);
  expect(rows.find((row) => row.includes("DNS_PRIVATE"))).toContain("API calls and DNS queries in VPCs");
  expect(rows.find((row) => row.includes("HTTP"))).toContain("3");
  expect(await violations()).toEqual([]);
});

test("a namespace shows its zone, its services with their settings, and leads to its traffic", async () => {
  const { calls } = openNamespace("", { ListServices: { Services: [CART] } });
  const link = await screen.findByRole("link", { name: "cart" });
  expect(link.getAttribute("href")).toBe("/console/namespaces/ns-inner/services/srv-cart");
  const row = link.closest("tr")?.textContent;
  expect(row).toContain("A, TTL 10 s; SRV, TTL 20 s");
  expect(row).toContain("Custom (UpdateInstanceCustomHealthStatus)");
  expect(screen.getByText("Z0123")).toBeTruthy();
  expect(button("View traffic map")?.getAttribute("href")).toBe("/console/traffic?namespace=shop.internal");
  expect(calls.find((call) => call.operation === "ListServices")?.input).toMatchObject({ Filters: [{ Name: "NAMESPACE_ID", Values: ["ns-inner"] }] });
  expect(await violations()).toEqual([]);
});

test("who uses a namespace is asked by its ARN, page by page, and each service leads to its own page", async () => {
  const arn = (cluster: string, name: string) => `arn:aws:ecs:${SCOPE}:service/${cluster}/${name}`;
  const { calls } = openNamespace("used-by", {
    ListServices: { Services: [] },
    ListServicesByNamespace: ({ nextToken }: { nextToken?: string }) =>
      nextToken ? { serviceArns: [arn("back", "stock")] } : { serviceArns: [arn("web", "front")], nextToken: "more" },
  });
  expect((await screen.findByRole("link", { name: "front" })).getAttribute("href")).toBe("/console/clusters/web/services/front");
  expect(screen.getByRole("link", { name: "stock" }).getAttribute("href")).toBe("/console/clusters/back/services/stock");
  expect(calls.find((call) => call.operation === "ListServicesByNamespace")?.input).toMatchObject({ namespace: DNS.Arn });
});

test("a service of Cloud Map shows every instance with its attributes and health", async () => {
  openService();
  const row = await screen.findByRole("row", { name: /i-own/ });
  expect(row.textContent).toContain("Unhealthy");
  expect(row.textContent).toContain("stage=blue");
  expect(screen.getByRole("row", { name: /i-task/ }).textContent).toContain("Healthy");
  expect(screen.getByText("MULTIVALUE")).toBeTruthy();
  expect(screen.getAllByRole("link", { name: "shop.internal" })[0]?.getAttribute("href")).toBe("/console/namespaces/ns-inner");
  expect(await violations()).toEqual([]);
});

test("registering sends what was filled in, and waits until the operation is done", async () => {
  let looks = 0;
  const { calls } = openService({
    RegisterInstance: { OperationId: "op-1" },
    GetOperation: () => {
      looks += 1;
      return { Operation: { Id: "op-1", Status: looks === 1 ? "PENDING" : "SUCCESS" } };
    },
  });
  await screen.findByRole("row", { name: /i-own/ });
  press(button("Register instance"));
  const dialog = await openDialog();
  expect(button("Register", dialog)?.getAttribute("disabled")).not.toBeNull();
  enter(/Instance ID/, "i-new");
  fireEvent.change(screen.getByRole("textbox", { name: "AWS_INSTANCE_IPV4" }), { target: { value: "10.0.0.9" } });
  expect(await violations()).toEqual([]);
  press(button("Register", dialog));
  await waitFor(() => {
    expect(looks).toBe(2);
  });
  expect(calls.find((call) => call.operation === "RegisterInstance")?.input).toMatchObject({
    ServiceId: "srv-cart",
    InstanceId: "i-new",
    Attributes: { AWS_INSTANCE_IPV4: "10.0.0.9" },
  });
});

test("an operation that fails says why, in the dialog", async () => {
  openService({
    DeregisterInstance: { OperationId: "op-2" },
    GetOperation: { Operation: { Id: "op-2", Status: "FAIL", ErrorCode: "INSTANCE_NOT_FOUND", ErrorMessage: "It is gone." } },
  });
  press(await screen.findByRole("radio", { name: "i-own" }));
  press(button("Deregister"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("The application keeps running.");
  press(button("Deregister", dialog));
  await screen.findByText("INSTANCE_NOT_FOUND: It is gone.");
});

test("an instance of ECS's is said to be that before, and refused in AWS's words after", async () => {
  openService({ DeregisterInstance: apiError("ResourceInUse", "ECS keeps it.") });
  press(await screen.findByRole("radio", { name: "i-task" }));
  press(button("Deregister"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("ECS service cart-v2");
  press(button("Deregister", dialog));
  await screen.findByText("ResourceInUse: ECS keeps it.");
});

test("the form begins with what the records need", () => {
  const keys = (types: readonly ("A" | "SRV" | "CNAME")[]) =>
    initialAttributes({ DnsConfig: { DnsRecords: types.map((Type) => ({ Type, TTL: 1 })) } }).map(({ key }) => key);
  expect(keys(["A", "SRV"])).toEqual(["AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"]);
  expect(keys(["CNAME"])).toEqual(["AWS_INSTANCE_CNAME"]);
  expect(initialAttributes({}).map(({ key }) => key)).toEqual(["AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"]);
});

test("empty lines are left out, double keys are found, ids are AWS's", () => {
  const some = [{ key: "a", value: "1" }, { key: "", value: "" }, { key: "b", value: "" }];
  expect(attributesOf(some)).toEqual({ a: "1" });
  expect(duplicateKey(some)).toBeUndefined();
  expect(duplicateKey([...some, { key: "a", value: "2" }])).toBe("a");
  expect([isInstanceId("task/1:a.b@c+d-e"), isInstanceId("a b"), isInstanceId(""), isInstanceId("x".repeat(65))]).toEqual([true, false, false, false]);
});
