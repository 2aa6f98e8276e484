// Express services: the list over all clusters, what ECS has made, and the forms.

import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import CreateExpressServicePage from "../../src/pages/express/CreateExpressServicePage.tsx";
import { createExpressInput, type ExpressDraft, expressDraftOf, expressFieldOf, newExpressDraft, updateExpressInput } from "../../src/pages/express/expressDraft.ts";
import ExpressServicePage from "../../src/pages/express/ExpressServicePage.tsx";
import ExpressServicesPage from "../../src/pages/express/ExpressServicesPage.tsx";
import UpdateExpressServicePage from "../../src/pages/express/UpdateExpressServicePage.tsx";
import { violations } from "../axe.ts";
import { apiError, renderPage } from "../renderPage.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";

const ECS = "arn:aws:ecs:us-east-1:123456789012";
const ELB = "arn:aws:elasticloadbalancing:us-east-1:123456789012";
const ARN = `${ECS}:service/default/hello`;
const REVISION = `${ECS}:service-revision/default/hello/42`;
const CONFIGURATION = {
  serviceRevisionArn: REVISION,
  taskDefinitionArn: `${ECS}:task-definition/default-hello:3`,
  cpu: "256",
  memory: "512",
  healthCheckPath: "/ping",
  primaryContainer: { image: "nginx:1.29", containerPort: 80, awsLogsConfiguration: { logGroup: "/aws/ecs/default/hello-1a2b", logStreamPrefix: "ecs" } },
  scalingTarget: { minTaskCount: 1, maxTaskCount: 20, autoScalingMetric: "AVERAGE_CPU" as const, autoScalingTargetValue: 60 },
  ingressPaths: [{ accessType: "PUBLIC" as const, endpoint: "https://he-1.ecs.us-east-1.localhost" }],
};
const SERVICE = {
  cluster: "default",
  serviceName: "hello",
  serviceArn: ARN,
  infrastructureRoleArn: "arn:aws:iam::123456789012:role/ecsInfrastructure",
  status: { statusCode: "ACTIVE" as const },
  activeConfigurations: [CONFIGURATION],
  tags: [{ key: "team", value: "shop" }],
};
const managed = (arn: string, status = "ACTIVE") => ({ arn, status, updatedAt: 1_790_000_000 });
const answers = {
  ListClusters: { clusterArns: [`${ECS}:cluster/default`, `${ECS}:cluster/shop`] },
  ListServices: ({ cluster }: { cluster: string }) => ({ serviceArns: cluster === "default" ? [ARN] : [] }),
  DescribeExpressGatewayService: { service: SERVICE },
  DescribeServiceRevisions: {
    serviceRevisions: [
      {
        ecsManagedResources: {
          ingressPaths: [
            {
              accessType: "PUBLIC",
              endpoint: "https://he-1.ecs.us-east-1.localhost",
              loadBalancer: managed(`${ELB}:loadbalancer/app/ecs-express-gateway-alb-12345678/0123456789abcdef`),
              certificate: { ...managed("arn:aws:acm:us-east-1:123456789012:certificate/1", "PROVISIONING"), domainName: "he-1.ecs.us-east-1.localhost" },
              listener: managed(`${ELB}:listener/app/ecs-express-gateway-alb-12345678/0123456789abcdef/fedcba9876543210`),
              targetGroups: [managed(`${ELB}:targetgroup/hello-blue/0123456789abcdef`)],
            },
          ],
          metricAlarms: [managed("arn:aws:cloudwatch:us-east-1:123456789012:alarm:default/hello/RollbackAlarm")],
        },
      },
    ],
  },
  gateway: { httpPort: null, httpsPort: 8443, ports: [], listeners: [] },
  DescribeClusters: { clusters: [{ clusterArn: `${ECS}:cluster/default`, clusterName: "default", status: "ACTIVE" }] },
};
const open = (tab = "", more: Record<string, unknown> = {}) =>
  renderPage(<ExpressServicePage />, "/express-services/:cluster/:service/:tab?", `/express-services/default/hello/${tab}`, { ...answers, ...more });

test("the Express services of all clusters are listed with their URLs", async () => {
  const { calls } = renderPage(<ExpressServicesPage />, "/express-services", "/express-services", answers);
  const row = (await screen.findByRole("link", { name: "hello" })).closest("tr") ?? document.body;
  await within(row).findByRole("link", { name: /^https:\/\/he-1\.ecs\.us-east-1\.localhost:8443\// });
  expect(calls.filter(({ operation }) => operation === "ListServices").map(({ input }) => input)).toMatchObject([
    { cluster: "default", resourceManagementType: "ECS" },
    { cluster: "shop", resourceManagementType: "ECS" },
  ]);
  expect(await violations()).toEqual([]);
});

test("what ECS has made is a table with the state of each resource", async () => {
  open();
  const link = await screen.findByRole("link", { name: "ecs-express-gateway-alb-12345678" });
  expect(link.getAttribute("href")).toBe("/console/load-balancers/ecs-express-gateway-alb-12345678");
  screen.getByText("fedcba9876543210");
  expect(screen.getByRole("link", { name: "hello-blue" }).getAttribute("href")).toBe("/console/target-groups/hello-blue");
  expect(screen.getByRole("link", { name: "default/hello/RollbackAlarm" }).getAttribute("href")).toBe("/console/alarms/default%2Fhello%2FRollbackAlarm");
  expect((await screen.findByRole("row", { name: /Certificate/ })).textContent).toContain("he-1.ecs.us-east-1.localhostProvisioning");
  expect(await violations()).toEqual([]);
});

test("the configurations of both revisions are shown during a deployment", async () => {
  const former = { ...CONFIGURATION, serviceRevisionArn: `${ECS}:service-revision/default/hello/41`, primaryContainer: { image: "nginx:1.28" } };
  open("configurations", { DescribeExpressGatewayService: { service: { ...SERVICE, activeConfigurations: [CONFIGURATION, former] } } });
  await screen.findByText("Service revision 42");
  await screen.findByText("Service revision 41");
  await screen.findByText("nginx:1.28");
  await screen.findAllByText("1 to 20 tasks, Average CPU (%) at 60");
});

test("a deletion asks for the service's name", async () => {
  const { calls } = open("", { DeleteExpressGatewayService: { service: SERVICE } });
  await screen.findByText("Overview");
  press(button("Delete"));
  const dialog = await openDialog();
  enter(/To confirm/, "hello");
  press(button("Delete service", dialog));
  await waitFor(() => { expect(calls.find(({ operation }) => operation === "DeleteExpressGatewayService")?.input).toEqual({ serviceArn: ARN }); });
});

test("a new service needs an image, and an error of the API is at its field", async () => {
  const { calls } = renderPage(<CreateExpressServicePage />, "/create-express-service", "/create-express-service", {
    ...answers,
    CreateExpressGatewayService: apiError("InvalidParameterException", "primaryContainer.image must not be blank."),
    DescribeSubnets: "<DescribeSubnetsResponse/>",
    DescribeSecurityGroups: "<DescribeSecurityGroupsResponse/>",
  });
  enter(/^Service name/, "hello");
  press(button("Create"));
  await screen.findByText("primaryContainer.image must not be blank.");
  expect(calls.find(({ operation }) => operation === "CreateExpressGatewayService")?.input).toMatchObject({
    serviceName: "hello",
    infrastructureRoleArn: "arn:aws:iam::123456789012:role/ecsInfrastructureRoleForExpressServices",
    primaryContainer: { image: "", containerPort: 80 },
    scalingTarget: { minTaskCount: 1, maxTaskCount: 20, autoScalingMetric: "AVERAGE_CPU", autoScalingTargetValue: 60 },
  });
});

test("an update sends what has changed, and keeps what the form does not show", () => {
  const draft = expressDraftOf(SERVICE);
  expect(updateExpressInput(SERVICE, draft)).toEqual({ serviceArn: ARN });
  expect(updateExpressInput(SERVICE, { ...draft, memory: "1024" })).toEqual({ serviceArn: ARN, memory: "1024" });
  expect(updateExpressInput(SERVICE, { ...draft, command: "a\nb c" })).toEqual({ serviceArn: ARN, primaryContainer: { ...CONFIGURATION.primaryContainer, command: ["a", "b c"] } });
});

test("the container's logs, secrets and registry, and the architecture, are changed by the form", () => {
  const secrets = [{ name: "TOKEN", valueFrom: "arn:aws:ssm:us-east-1:123456789012:parameter/token" }];
  const container = { ...CONFIGURATION.primaryContainer, secrets, repositoryCredentials: { credentialsParameter: "registry" } };
  const service = { ...SERVICE, activeConfigurations: [{ ...CONFIGURATION, primaryContainer: container, cpuArchitecture: "ARM64" as const }] };
  const draft = expressDraftOf(service);
  expect(updateExpressInput(service, draft)).toEqual({ serviceArn: ARN });
  expect(updateExpressInput(service, { ...draft, architecture: "X86_64" })).toEqual({ serviceArn: ARN, cpuArchitecture: "X86_64" });
  const changed = { ...draft, secrets: [], credentials: "", logGroup: "/own", logPrefix: "app" };
  expect(updateExpressInput(service, changed)).toEqual({
    serviceArn: ARN,
    primaryContainer: { image: "nginx:1.29", containerPort: 80, awsLogsConfiguration: { logGroup: "/own", logStreamPrefix: "app" } },
  });
});

test("a log group without a prefix, and a prefix without a log group, is left to the API to refuse", () => {
  const logsOf = (fields: Partial<ExpressDraft>) => createExpressInput({ ...newExpressDraft({ account: "1", region: "r" }), ...fields }).primaryContainer?.awsLogsConfiguration;
  expect(JSON.stringify(logsOf({ logGroup: "/own" }))).toBe('{"logGroup":"/own"}');
  expect(JSON.stringify(logsOf({ logPrefix: "app" }))).toBe('{"logStreamPrefix":"app"}');
  expect(logsOf({})).toBeUndefined();
});

test("a cleared field of an update has the default of the API", () => {
  const network = { subnets: ["subnet-1", "subnet-2"], securityGroups: ["sg-1"] };
  const service = { ...SERVICE, activeConfigurations: [{ ...CONFIGURATION, cpu: "512", memory: "1024", healthCheckPath: "/up", networkConfiguration: network }] };
  const draft = expressDraftOf(service);
  expect(updateExpressInput(service, draft)).toEqual({ serviceArn: ARN });
  expect(updateExpressInput(service, { ...draft, cpu: "", memory: "", healthCheckPath: "", subnets: [], groups: [] })).toEqual({
    serviceArn: ARN,
    cpu: "256",
    memory: "512",
    healthCheckPath: "/ping",
    networkConfiguration: { subnets: [], securityGroups: [] },
  });
  expect(updateExpressInput(service, { ...draft, maximum: "5" })).toMatchObject({ scalingTarget: { maxTaskCount: 5 } });
  expect(updateExpressInput(SERVICE, { ...expressDraftOf(SERVICE), maximum: "" })).toEqual({ serviceArn: ARN });
});

test("the removal of a role is refused at its field", async () => {
  const taskRoleArn = "arn:aws:iam::123456789012:role/app";
  const { calls } = renderPage(<UpdateExpressServicePage />, "/express-services/:cluster/:service/update", "/express-services/default/hello/update", {
    ...answers,
    DescribeExpressGatewayService: { service: { ...SERVICE, activeConfigurations: [{ ...CONFIGURATION, taskRoleArn }] } },
    UpdateExpressGatewayService: { service: SERVICE },
    DescribeSubnets: "<DescribeSubnetsResponse/>",
    DescribeSecurityGroups: "<DescribeSecurityGroupsResponse/>",
  });
  await screen.findByDisplayValue(taskRoleArn);
  enter(/^Task role/, "");
  press(button("Save changes"));
  await screen.findByText(/^taskRoleArn: A role cannot be removed/);
  expect(calls.some(({ operation }) => operation === "UpdateExpressGatewayService")).toBe(false);
});

test("a service that is deleted while the list is read is left out", async () => {
  renderPage(<ExpressServicesPage />, "/express-services", "/express-services", {
    ...answers,
    ListServices: ({ cluster }: { cluster: string }) => (cluster === "shop" ? apiError("ClusterNotFoundException", "Cluster not found.") : { serviceArns: [ARN, `${ECS}:service/default/gone`] }),
    DescribeExpressGatewayService: ({ serviceArn }: { serviceArn: string }) => (serviceArn === ARN ? { service: SERVICE } : apiError("ResourceNotFoundException", "Service not found.")),
  });
  await screen.findByRole("link", { name: "hello" });
});

test("a public URL is no link as long as its port is not known", async () => {
  renderPage(<ExpressServicesPage />, "/express-services", "/express-services", { ...answers, gateway: apiError("InternalFailure", "The server is busy.") });
  await screen.findByRole("link", { name: "hello" });
  await screen.findByText(/^Couldn't load the data: /);
  expect(screen.queryByRole("link", { name: /he-1/ })).toBeNull();
});

test("the field of an error follows from the member that it begins with, or that it alone names", () => {
  expect(expressFieldOf("healthCheckPath must begin with a forward slash.")).toBe("healthCheckPath");
  expect(expressFieldOf("networkConfiguration.subnets: a load balancer needs two zones.")).toBe("subnets");
  const absent = "Value null at 'primaryContainer.awsLogsConfiguration.logStreamPrefix' failed to satisfy constraint: Member must not be null";
  expect(expressFieldOf(`1 validation error detected: ${absent}`)).toBe("logStreamPrefix");
  expect(expressFieldOf(`2 validation errors detected: ${absent}; ${absent}`)).toBeNull();
  expect(expressFieldOf("Creation of service was not idempotent.")).toBeNull();
});
