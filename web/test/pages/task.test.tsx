// A task's page, while the task runs and when it has ended.

import { cleanup, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { overridesOf } from "../../src/pages/tasks/DetailsTab.tsx";
import { en } from "../../src/i18n/en/index.ts";
import { timelineOf } from "../../src/pages/tasks/timeline.ts";
import TaskPage from "../../src/pages/tasks/TaskPage.tsx";
import { violations } from "../axe.ts";
import { button, openDialog, press } from "../userActions.ts";
import { apiError, renderPage } from "../renderPage.tsx";

const ID = "0959d5485f2ac14b012e26b66204d26b";
const ARN = `arn:aws:ecs:us-east-1:123456789012:task/shop/${ID}`;
const DEFINITION = "arn:aws:ecs:us-east-1:123456789012:task-definition/front:1";
const DIGEST = "sha256:8a05799f52fe53ab21fbcc3f1b7b24ce1b5841f928e078cdb49326baa92ce1e3";
const RUNNING = {
  taskArn: ARN,
  taskDefinitionArn: DEFINITION,
  group: "service:front",
  lastStatus: "RUNNING",
  desiredStatus: "RUNNING",
  healthStatus: "HEALTHY",
  launchType: "FARGATE",
  cpu: "256",
  memory: "512",
  createdAt: 1795571004.487,
  connectivityAt: 1795571004.533,
  pullStartedAt: 1795571004.533,
  pullStoppedAt: 1795571005.055,
  startedAt: 1795571006.057,
  attachments: [
    { id: "a-1", type: "ElasticNetworkInterface", status: "ATTACHED", details: [{ name: "privateIPv4Address", value: "172.31.0.6" }, { name: "subnetId", value: "subnet-1" }] },
  ],
  containers: [
    { containerArn: "c-1", name: "app", lastStatus: "RUNNING", healthStatus: "HEALTHY", image: "shop", imageDigest: DIGEST },
    { containerArn: "c-2", name: "ecs-service-connect-8a2f8", lastStatus: "RUNNING", healthStatus: "HEALTHY" },
  ],
  overrides: { containerOverrides: [{ name: "app" }], inferenceAcceleratorOverrides: [] },
};
const STOPPED = {
  ...RUNNING,
  lastStatus: "STOPPED",
  desiredStatus: "STOPPED",
  stopCode: "EssentialContainerExited",
  stoppedReason: "Essential container in task exited",
  stoppingAt: 1795571070,
  executionStoppedAt: 1795571071.5,
  stoppedAt: 1795571072,
  containers: [{ ...RUNNING.containers[0], lastStatus: "STOPPED", exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }],
};
const TASK_DEFINITION = {
  taskDefinition: {
    taskDefinitionArn: DEFINITION,
    family: "front",
    revision: 1,
    networkMode: "awsvpc",
    containerDefinitions: [{ name: "app", image: "shop", essential: true, portMappings: [{ name: "http", containerPort: 8080, protocol: "tcp" }] }],
  },
};
const open = (task: unknown, tab = "", more: Record<string, unknown> = {}) =>
  renderPage(<TaskPage />, "/clusters/:cluster/tasks/:task/:tab?", `/clusters/shop/tasks/${ID}/${tab}`, {
    DescribeTasks: { tasks: task === undefined ? [] : [task] },
    DescribeTaskDefinition: TASK_DEFINITION,
    ...more,
  });

test("a task shows its containers with ports, image and digest, and the proxy as what it is", async () => {
  open(RUNNING);
  const row = await screen.findByRole("row", { name: /8080/ });
  expect(row.textContent).toContain("8080/tcp (http)");
  expect(row.textContent).toContain(DIGEST);
  expect(screen.getByText("Service Connect proxy")).toBeTruthy();
  expect(screen.queryByText("Exit code")).toBeNull();
  expect(screen.getByRole("link", { name: "front:1" }).getAttribute("href")).toBe("/console/task-definitions/front/1");
  expect(screen.getByRole("link", { name: "front" }).getAttribute("href")).toBe("/console/clusters/shop/services/front");
  expect(await violations()).toEqual([]);
});

test("a task that has ended says why, above everything, with its containers' exit codes and reasons", async () => {
  open(STOPPED);
  expect(await screen.findByText("EssentialContainerExited: Essential container in task exited")).toBeTruthy();
  const row = await screen.findByRole("row", { name: /137/ });
  expect(row.textContent).toContain("OutOfMemoryError: Container killed due to memory usage");
  expect(screen.getByRole("button", { name: "Stop" }).getAttribute("disabled")).not.toBeNull();
});

test("its life is told from its creation to its end, each event with the state that it brought", async () => {
  open(STOPPED, "timeline");
  const list = await screen.findByRole("list", { name: "Timeline" });
  const entries = within(list).getAllByRole("listitem").map((one) => one.textContent);
  expect(entries).toHaveLength(8);
  expect(entries[0]).toContain("CreatedProvisioning");
  expect(entries[4]).toContain("StartedRunning");
  expect(entries[4]).toContain("after 1 sec");
  expect(entries[7]).toContain("StoppedStopped");
  expect(await violations()).toEqual([]);
});

test("a task that waits for its images shows how far each is, and one that runs does not", async () => {
  const pull = (members: Record<string, unknown>) => JSON.stringify({ source: "registry", layers: 12, present: 7, pulled: 2, received: 12_300_000, total: 45_600_000, ...members });
  const attributes = [
    { name: "ecs.cpu-architecture", value: "x86_64" },
    { name: "moyai.image-pull.app", value: pull({}) },
    { name: "moyai.image-pull.side", value: pull({ source: "Docker Engine", layers: 1, present: 0, pulled: 0, received: 0, total: 0 }) },
    { name: "moyai.image-pull.broken", value: "{" },
    { name: "moyai.image-pull.other", value: pull({ total: "many" }) },
  ];
  open({ ...RUNNING, lastStatus: "PENDING", attributes });
  const bar = await screen.findByRole("progressbar", { name: /app/ });
  expect(Math.round(Number(bar.getAttribute("value")))).toBe(27);
  expect(screen.getByText("12.3 of 45.6 MB · 9 of 12 layers, 7 already here")).toBeTruthy();
  expect(screen.getByText("From Docker Engine")).toBeTruthy();
  expect(screen.getByText("0.0 of 0.0 MB · 0 of 1 layers")).toBeTruthy();
  expect(screen.getAllByRole("progressbar")).toHaveLength(2);
  expect(await violations()).toEqual([]);
  cleanup();
  open(RUNNING);
  await screen.findByRole("row", { name: /8080/ });
  expect(screen.queryByText("Image pulls")).toBeNull();
});

test("a task that has no address of its own says so", async () => {
  open({ ...RUNNING, attachments: [] }, "networking");
  await screen.findByText("This task doesn't have its own network interface");
});

test("its addresses are shown", async () => {
  open(RUNNING, "networking");
  expect((await screen.findAllByText("172.31.0.6")).length).toBeGreaterThan(0);
});

test("what else the API says of it is among its details, and its tags are in a tab", async () => {
  const containers = [{ ...RUNNING.containers[0], runtimeId: "0959d548-app" }];
  const more = { containers, version: 4, ephemeralStorage: { sizeInGiB: 20 }, attributes: [{ name: "ecs.cpu-architecture", value: "x86_64" }] };
  open({ ...RUNNING, ...more, overrides: { cpu: "512" } }, "details");
  for (const words of ["service:front", "20 GiB", "ecs.cpu-architecture = x86_64", "0959d548-app"]) {
    expect((await screen.findAllByText(words)).length).toBeGreaterThan(0);
  }
  expect(screen.getByText(/"cpu": "512"/)).toBeTruthy();
  cleanup();
  open({ ...RUNNING, tags: [{ key: "team", value: "books" }] }, "tags");
  expect((await screen.findByRole("row", { name: /team/ })).textContent).toContain("books");
});

test("output that goes to CloudWatch Logs is shown as it comes", async () => {
  const logConfiguration = { logDriver: "awslogs", options: { "awslogs-group": "/ecs/front", "awslogs-stream-prefix": "ecs" } };
  const [container] = TASK_DEFINITION.taskDefinition.containerDefinitions;
  const lines = ["<b>ready</b>", "listening"];
  const { calls } = open(RUNNING, "logs", {
    DescribeTaskDefinition: { taskDefinition: { ...TASK_DEFINITION.taskDefinition, containerDefinitions: [{ ...container, logConfiguration }] } },
    FilterLogEvents: () => ({ events: lines.splice(0, 1).map((message) => ({ eventId: message, timestamp: 1795571006100, logStreamName: `ecs/app/${ID}`, message })) }),
  });
  await screen.findByText("<b>ready</b>");
  await screen.findByText("listening"); // which was not there at first
  expect(screen.getByText("<b>ready</b>")).toBeTruthy();
  expect(calls.find((call) => call.operation === "FilterLogEvents")?.input).toMatchObject({ logGroupName: "/ecs/front", logStreamNamePrefix: `ecs/app/${ID}` });
});

test("output of a container without CloudWatch Logs is what the server keeps", async () => {
  open(RUNNING, "logs", { output: { lines: [{ at: 1795571007, stream: "stdout", text: "ready to serve" }], position: 15 } });
  await screen.findByText("ready to serve");
  expect(screen.getByText(en.services.logs.serverOutput)).toBeTruthy();
});

test("an unknown tab is said to be unknown", async () => {
  open(RUNNING, "network");
  await screen.findByText("This page has no tab “network”.");
});

test("a terminal is offered where the task allows it", async () => {
  open(RUNNING, "terminal");
  await screen.findByText("ECS Exec is turned off for this task");
});

test("a session that is refused is refused in AWS's words", async () => {
  const [app] = RUNNING.containers;
  const entered = { ...RUNNING, enableExecuteCommand: true, containers: [{ ...app, managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: "RUNNING" }] }] };
  const { calls } = open(entered, "terminal", { ExecuteCommand: apiError("ClientException", "Too many sessions.") });
  await screen.findByText("Connect");
  expect(await violations()).toEqual([]);
  press(button("Connect"));
  await screen.findByText("ClientException: Too many sessions.");
  expect(calls.find((call) => call.operation === "ExecuteCommand")?.input).toEqual({ cluster: "shop", task: ID, container: "app", command: "/bin/sh", interactive: true });
});

test("stopping asks first, and says that the service starts another", async () => {
  const { calls } = open(RUNNING, "", { StopTask: { task: STOPPED } });
  await screen.findByRole("link", { name: "front:1" });
  press(button("Stop"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("Service front starts a replacement.");
  expect(calls.some((call) => call.operation === "StopTask")).toBe(false);
  press(button("Stop task", dialog));
  await waitFor(() => {
    expect(calls.find((call) => call.operation === "StopTask")?.input).toMatchObject({ cluster: "shop", task: ID });
  });
});

test("a task that nobody remembers is AWS's own error", async () => {
  open(undefined);
  await screen.findByText("InvalidParameterException: The referenced task was not found.");
});

test("events are in order of time, with the delay since the previous event", () => {
  const at = (seconds: number) => new Date(seconds * 1000);
  const events = timelineOf({ createdAt: at(10), stoppingAt: at(12), pullStartedAt: at(11), stoppedAt: at(15) });
  expect(events.map(({ kind, delay }) => [kind, delay])).toEqual([["created", 0], ["pulling", 1000], ["stopping", 1000], ["stopped", 3000]]);
});

test("only overrides that say something are shown", () => {
  expect(overridesOf({ overrides: { containerOverrides: [{ name: "app" }] } })).toBeNull();
  expect(overridesOf({ overrides: { cpu: "512", containerOverrides: [{ name: "app", command: ["sh"] }, { name: "b" }] } })).toEqual({
    cpu: "512",
    containerOverrides: [{ name: "app", command: ["sh"] }],
  });
});
