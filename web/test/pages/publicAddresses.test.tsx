// Where a browser reaches tasks and services.

import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { publicPorts, serviceUrl, taskPorts } from "../../src/pages/tasks/publicPorts.ts";
import ServicePage from "../../src/pages/services/ServicePage.tsx";
import TaskPage from "../../src/pages/tasks/TaskPage.tsx";
import { answers as balancers } from "../balancers.ts";
import { renderPage } from "../renderPage.tsx";
import { answers as shop } from "../shop.ts";

const ADDRESS = "127.83.36.11";
const DEFINITION = {
  containerDefinitions: [
    { name: "app", portMappings: [{ name: "web", containerPort: 8080 }, { name: "secure", containerPort: 8443 }, { containerPort: 53, protocol: "udp" as const }, { containerPortRange: "9000-9010" }] },
  ],
};

test("a port is at the public address, and at the server where that assigns one", () => {
  const ports = publicPorts(ADDRESS, taskPorts(DEFINITION, []), [{ address: ADDRESS, port: 8080, gatewayPort: 20001 }], "localhost");
  expect(ports).toEqual([
    { address: `${ADDRESS}:8080`, url: `http://${ADDRESS}:8080/`, gatewayUrl: "http://localhost:20001/", protocol: "tcp" },
    { address: `${ADDRESS}:8443`, url: `http://${ADDRESS}:8443/`, gatewayUrl: undefined, protocol: "tcp" },
    { address: `${ADDRESS}:53`, url: undefined, gatewayUrl: undefined, protocol: "udp" },
  ]);
});

test("a port on which the proxies accept TLS has https", () => {
  const deployments = [{ serviceConnectConfiguration: { enabled: true, services: [{ portName: "secure", tls: { issuerCertificateAuthority: {} } }] } }];
  expect(taskPorts(DEFINITION, deployments).map(({ scheme }) => scheme)).toEqual(["http", "https", "http"]);
});

test("a service has a name below localhost", () => {
  expect(serviceUrl("Shop", "Front", 8080)).toBe("http://front.shop.localhost:8080/");
});

const interfaces = (id: string) =>
  `<DescribeNetworkInterfacesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15"><networkInterfaceSet><item>
    <networkInterfaceId>${id}</networkInterfaceId><association><publicIp>${ADDRESS}</publicIp></association>
  </item></networkInterfaceSet></DescribeNetworkInterfacesResponse>`;
const [task] = shop.DescribeTasks.tasks;
const ENI = task?.attachments[0]?.details.find(({ name }) => name === "networkInterfaceId")?.value ?? "";
const PORT = shop.DescribeTaskDefinition.taskDefinition.containerDefinitions[0]?.portMappings[0]?.containerPort ?? 0;
const standardAnswers = {
  ...shop,
  DescribeTasks: { tasks: [task] },
  ListTasks: ({ desiredStatus }: { desiredStatus: string }) => ({ taskArns: desiredStatus === "RUNNING" ? [task?.taskArn] : [] }),
  DescribeNetworkInterfaces: interfaces(ENI),
  gateway: { httpPort: 4580, httpsPort: null, ports: [{ address: ADDRESS, port: PORT, gatewayPort: 20001 }], listeners: [] },
};

test("a task shows its public address as a link, with the server's port", async () => {
  const { calls } = renderPage(<TaskPage />, "/clusters/:cluster/tasks/:task/:tab?", "/clusters/shop/tasks/1", standardAnswers);
  const [link] = await screen.findAllByRole("link", { name: new RegExp(`^http://${ADDRESS}:${PORT}/`) });
  expect(link?.getAttribute("href")).toBe(`http://${ADDRESS}:${PORT}/`);
  await screen.findAllByRole("link", { name: /^http:\/\/[^/]*:20001\// });
  expect(calls.find(({ operation }) => operation === "DescribeNetworkInterfaces")?.input).toMatchObject({ "Filter.1.Name": "network-interface-id", "Filter.1.Value.1": ENI });
});

function serviceAnswers(base: Readonly<Record<string, unknown>>, changed: object) {
  const { services } = base.DescribeServices as { services: readonly object[] };
  return { ...base, DescribeServices: { services: [{ ...services[0], ...changed }] } };
}

test("a service shows the addresses of its tasks, its name, and what ECS manages for it", async () => {
  const revisions = { serviceRevisions: [{ ecsManagedResources: { ingressPaths: [{ accessType: "PUBLIC", endpoint: "https://he-1.ecs.us-east-1.localhost" }] } }] };
  const changed = { networkConfiguration: { awsvpcConfiguration: { subnets: ["subnet-1"], assignPublicIp: "ENABLED" } }, currentServiceRevisions: [{ arn: "revision" }] };
  const answers = { ...serviceAnswers(standardAnswers, changed), DescribeServiceRevisions: revisions, gateway: { ...standardAnswers.gateway, httpsPort: 8443 } };
  renderPage(<ServicePage />, "/clusters/:cluster/services/:service/:tab?", "/clusters/shop/services/catalog/tags", answers);
  await screen.findByRole("link", { name: /^https:\/\/he-1\.ecs\.us-east-1\.localhost:8443\// });
  await screen.findByRole("link", { name: /^http:\/\/catalog\.shop\.localhost:4580\// });
  await screen.findByRole("link", { name: new RegExp(`^http://${ADDRESS}:${PORT}/`) });
});

test("a service behind a load balancer shows its URLs", async () => {
  renderPage(<ServicePage />, "/clusters/:cluster/services/:service/:tab?", "/clusters/shop/services/web/tags", balancers);
  await waitFor(() => { expect(screen.getAllByRole("link").some((link) => /^http:\/\/site-.*:8080\//.test(link.textContent))).toBe(true); });
});
