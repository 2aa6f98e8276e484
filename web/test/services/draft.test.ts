// The form of a service and the requests that it comes to.

import type { ContainerDefinition } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { createInput, startsDeployment, draftOf, NEW_SERVICE, endpointsOf, updateInput } from "../../src/pages/services/draft.ts";
import { answers, serviceNamed } from "../shop.ts";

const service = serviceNamed("catalog");
const definition = answers.DescribeTaskDefinition.taskDefinition;

test("a form that nobody touched changes nothing", () => {
  const draft = draftOf(service);
  expect(updateInput("shop", service, draft, "awsvpc")).toEqual({ cluster: "shop", service: "catalog" });
});

test("another count is sent alone, and starts no deployment", () => {
  const input = updateInput("shop", service, { ...draftOf(service), desired: "5" }, "awsvpc");
  expect(input).toEqual({ cluster: "shop", service: "catalog", desiredCount: 5 });
  expect(startsDeployment(input)).toBe(false);
});

test("another revision starts one", () => {
  const input = updateInput("shop", service, { ...draftOf(service), revision: "7" }, "awsvpc");
  expect(input).toEqual({ cluster: "shop", service: "catalog", taskDefinition: "catalog:7" });
  expect(startsDeployment(input)).toBe(true);
});

test("another name in Service Connect keeps what the form does not show", () => {
  const draft = draftOf(service);
  const endpoints = draft.endpoints.map((endpoint) => ({ ...endpoint, dnsName: "books" }));
  const rich = structuredClone(service);
  const connect = rich.deployments?.find((one) => one.status === "PRIMARY")?.serviceConnectConfiguration;
  Object.assign(connect ?? {}, { logConfiguration: { logDriver: "awslogs" } });
  Object.assign(connect?.services?.[0] ?? {}, { timeout: { idleTimeoutSeconds: 30 } });
  const sent = updateInput("shop", rich, { ...draft, endpoints }, "awsvpc").serviceConnectConfiguration;
  expect(sent).toMatchObject({
    enabled: true,
    logConfiguration: { logDriver: "awslogs" },
    services: [{ portName: "http", timeout: { idleTimeoutSeconds: 30 }, clientAliases: [{ dnsName: "books", port: 80 }] }],
  });
});

test("Service Connect that is turned off says only that", () => {
  const input = updateInput("shop", service, { ...draftOf(service), connect: "off" }, "awsvpc");
  expect(input.serviceConnectConfiguration).toEqual({ enabled: false });
});

test("a new service is asked for as the form says", () => {
  const draft = {
    ...NEW_SERVICE,
    name: "stock",
    family: "catalog",
    desired: "2",
    strategy: "CANARY" as const,
    percent: "5",
    stepBake: "1",
    bake: "2",
    subnets: ["subnet-1"],
    connect: "server" as const,
    endpoints: [{ enabled: true, portName: "http", discoveryName: "stock", dnsName: "", port: "80" }, { enabled: false, portName: "admin", discoveryName: "", dnsName: "", port: "9000" }],
  };
  expect(createInput("shop", draft, "awsvpc")).toEqual({
    cluster: "shop",
    serviceName: "stock",
    taskDefinition: "catalog",
    desiredCount: 2,
    launchType: "FARGATE",
    enableExecuteCommand: false,
    networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: [], assignPublicIp: "DISABLED" } },
    deploymentConfiguration: {
      strategy: "CANARY",
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      bakeTimeInMinutes: 2,
      canaryConfiguration: { canaryPercent: 5, canaryBakeTimeInMinutes: 1 },
      deploymentCircuitBreaker: { enable: true, rollback: true },
    },
    serviceConnectConfiguration: {
      enabled: true,
      services: [{ portName: "http", discoveryName: "stock", clientAliases: [{ port: 80 }] }],
    },
  });
});

test("tasks without a network of their own are asked for without one", () => {
  expect(createInput("shop", { ...NEW_SERVICE, name: "x", family: "y" }, "bridge")).not.toHaveProperty("networkConfiguration");
});

test("each port with a name can be offered, and what was chosen stays chosen", () => {
  const ports = { containerDefinitions: [{ portMappings: [{ name: "http", containerPort: 8080 }, { containerPort: 9000 }] }] };
  expect(endpointsOf(ports, [])).toEqual([{ enabled: false, portName: "http", discoveryName: "", dnsName: "", port: "8080" }]);
  const chosen = draftOf(service).endpoints;
  expect(endpointsOf({ containerDefinitions: definition.containerDefinitions as ContainerDefinition[] }, chosen)).toEqual(chosen);
});
