// A service's page on what a real server answered.

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import ServicePage from "../../src/pages/services/ServicePage.tsx";
import { linkTasks } from "../../src/pages/services/HistoryTab.tsx";
import { historyOf } from "../../src/pages/services/history.ts";
import { placementProblem, stopCauses } from "../../src/pages/services/startFailures.ts";
import { mergeLines } from "../../src/pages/services/LogView.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";
import { violations } from "../axe.ts";
import { apiError, renderPage } from "../renderPage.tsx";
import { answers, serviceNamed, waitingDeployment } from "../shop.ts";

const PATTERN = "/clusters/:cluster/services/:service/:tab?";
const open = (tab: string, more: Record<string, unknown> = {}) => {
  const DescribeServices = { services: answers.DescribeServices.services.filter((service) => service.serviceName === "catalog") };
  return renderPage(<ServicePage />, PATTERN, `/clusters/shop/services/catalog/${tab}`, { ...answers, DescribeServices, ...more });
};
const input = (calls: readonly { operation: string; input: unknown }[], operation: string) => calls.find((call) => call.operation === operation)?.input;
const id = (arn: string | undefined) => arn?.split("/").at(-1) ?? "";

test.each([
  ["Continue", "The hook of the stage “Post test traffic shift” succeeds", "CONTINUE"],
  ["Roll back", "traffic shifts back to the source revision", "ROLLBACK"],
])("a deployment that waits is answered by “%s”, after the effect was said", async (word, effect, action) => {
  const { calls } = open("deployments", { ContinueServiceDeployment: {} });
  await screen.findByText("A lifecycle hook is awaiting action");
  expect(screen.getByText("Post test traffic shift")).toBeTruthy();
  press(button(word));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain(effect);
  expect(input(calls, "ContinueServiceDeployment")).toBeUndefined();
  press(button(word, dialog));
  const { serviceDeploymentArn, lifecycleHookDetails } = waitingDeployment();
  await waitFor(() => {
    expect(input(calls, "ContinueServiceDeployment")).toEqual({ serviceDeploymentArn, hookId: lifecycleHookDetails?.[0]?.hookId, action });
  });
});

test("a deployment is stopped as the reader chooses", async () => {
  const { calls } = open("deployments", { StopServiceDeployment: {} });
  await screen.findByText("Stop deployment");
  press(button("Stop deployment"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("Traffic shifts back to the source revision");
  press(within(dialog).getByLabelText("Stop without rollback"));
  expect(dialog.textContent).toContain("Nothing is rolled back");
  press(button("Stop without rollback", dialog));
  await waitFor(() => {
    expect(input(calls, "StopServiceDeployment")).toMatchObject({ stopType: "ABORT" });
  });
});

/** The dialog of an action of the service's menu. */
async function act(item: string): Promise<HTMLElement> {
  await screen.findByText("Service overview");
  press(button("Actions"));
  press((await screen.findAllByRole("menuitem")).find((one) => one.textContent === item));
  return openDialog();
}

test.each([
  ["0", "Calls to this service will fail."],
  ["1", "1 task will be removed. It receives no new requests"],
  ["4", "2 tasks will be added."],
])("scaling to %s says what it comes to, and is asked of the API then", async (count, effect) => {
  const { calls } = open("deployments", { UpdateService: {} });
  const dialog = await act("Scale");
  expect(button("Scale", dialog)?.hasAttribute("disabled")).toBe(true); // to what there is
  enter("Desired tasks", count);
  expect(dialog.textContent).toContain(effect);
  expect(input(calls, "UpdateService")).toBeUndefined();
  press(button("Scale", dialog));
  await waitFor(() => {
    expect(input(calls, "UpdateService")).toEqual({ cluster: "shop", service: "catalog", desiredCount: Number(count) });
  });
});

test("a new deployment is forced after it was said that all tasks are replaced", async () => {
  const { calls } = open("deployments", { UpdateService: {} });
  const dialog = await act("Force new deployment");
  expect(dialog.textContent).toContain("running tasks are replaced by new tasks of catalog:");
  expect(input(calls, "UpdateService")).toBeUndefined();
  press(button("Deploy", dialog));
  await waitFor(() => {
    expect(input(calls, "UpdateService")).toEqual({ cluster: "shop", service: "catalog", forceNewDeployment: true });
  });
});

test("a service is deleted only after its name was typed", async () => {
  const { calls } = open("deployments", { DeleteService: {} });
  const dialog = await act("Delete");
  expect(dialog.textContent).toContain("Calls to this service will fail. You can't undo this action.");
  press(button("Delete service", dialog));
  expect(input(calls, "DeleteService")).toBeUndefined();
  enter(/To confirm/, "catalog");
  press(button("Delete service", dialog));
  await screen.findByText("elsewhere"); // its cluster's page
  expect(input(calls, "DeleteService")).toEqual({ cluster: "shop", service: "catalog", force: true });
});

test("what the server refuses stays in the dialog, in its words", async () => {
  open("tasks", { StopTask: apiError("InvalidParameterException", "The referenced task was not found.") });
  const [task] = answers.DescribeTasks.tasks;
  press(await screen.findByLabelText(id(task?.taskArn), { selector: "input" }));
  press(button("Stop"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("Service catalog starts a replacement.");
  press(button("Stop task", dialog));
  await within(dialog).findByText("InvalidParameterException: The referenced task was not found.");
});

test("lines of output come with their task, and each once", async () => {
  open("logs");
  const lines = await screen.findAllByText("app started");
  expect(lines).toHaveLength(answers.FilterLogEvents.events.length);
  const line = (at: number, key: string) => ({ id: key, at, task: "t", message: key });
  expect(mergeLines([line(1, "a"), line(3, "c")], [line(2, "b"), line(3, "c")]).map((one) => one.id)).toEqual(["a", "b", "c"]);
});

test("lines are not read again because the page around them is rendered again", async () => {
  const { calls } = open("logs");
  const reads = () => calls.filter((call) => call.operation === "FilterLogEvents").length;
  await screen.findAllByText("app started");
  const before = reads();
  press(screen.getByRole("checkbox", { name: "Follow" }));
  await waitFor(() => { expect(reads()).toBeGreaterThan(before); });
  await act("Scale");
  const since = reads();
  press(button("Cancel", await openDialog()));
  await waitFor(() => { expect(screen.queryByText("Desired tasks")).toBeNull(); });
  expect(reads()).toBe(since);
});

test("the tasks whose output can be chosen are read again as one list", async () => {
  let isFailing = true;
  open("logs", { ListTasks: () => (isFailing ? apiError("InvalidParameterException", "Not now.") : answers.ListTasks) });
  const choice = await screen.findByLabelText(/^Task/, { selector: "button" });
  fireEvent.mouseDown(choice);
  fireEvent.click(choice);
  await screen.findByText("Couldn't load the data");
  isFailing = false;
  press(screen.getByText("Retry"));
  await waitFor(() => { expect(screen.queryByText("Couldn't load the data")).toBeNull(); });
  expect(screen.getAllByText(id(answers.DescribeTasks.tasks[0]?.taskArn)).length).toBeGreaterThan(0);
});

test("its names are shown as callers write them", async () => {
  open("connect");
  await screen.findByText("catalog:80");
  expect(await screen.findByText("http → 8080")).toBeTruthy();
});

test.each([
  ["configuration", ["Blue/green", "100 % – 200 %", "PAUSE: POST_TEST_TRAFFIC_SHIFT", "subnet-ece414be0c7def6e8"]],
  ["events", ["3d7687b5e8589f758d39c1ceb0f3a682"]],
  ["tags", ["tier", "core"]],
])("the tab %s has what the API says", async (tab, words) => {
  open(tab);
  await screen.findByText("Service overview");
  const panels = screen.getAllByRole("tabpanel").map((one) => one.textContent).join(""); // of which one has something in it
  for (const one of words) expect(panels).toContain(one);
});

test("the page of a service that is not there says so in AWS's words", async () => {
  open("", { DescribeServices: { services: [], failures: [{ reason: "MISSING" }] } });
  await screen.findByText("ServiceNotFoundException: Service not found.");
});

test("tasks in an event lead to their pages, and markup in it is text", () => {
  const task = "0123456789abcdef0123456789abcdef";
  const [before, link] = linkTasks(`<b>x</b> (task ${task}) failed`, "shop");
  expect(before).toBe("<b>x</b> ");
  expect((link as { props: { href: string } }).props.href).toBe(`/console/clusters/shop/tasks/${task}`);
  expect(serviceNamed("catalog").events?.length).toBeGreaterThan(0);
});

test("Service Connect is the third tab, and a former tab's address leads to the one that has its contents", async () => {
  open("events");
  const tabs = await screen.findAllByRole("tab");
  expect(tabs.map((tab) => tab.textContent)).toEqual(["Health and metrics", "Tasks", "Service Connect", "Logs", "Deployments", "Timeline", "Configuration", "Tags"]);
  expect(tabs.find((tab) => tab.getAttribute("aria-selected") === "true")?.textContent).toBe("Timeline");
});

const stoppedTask = (stoppedReason: string, more = {}) => ({ taskArn: `t/${stoppedReason}`, stoppedReason, createdAt: new Date(9e12), stoppedAt: new Date(9e12), ...more });

test("the causes for which tasks stop are counted, with advice; stops of the service itself are none", () => {
  const failed = stoppedTask("CannotPullContainerError: image web:2 is not here");
  const exited = stoppedTask("Essential container in task exited", { containers: [{ name: "app", exitCode: 3 }] });
  const scaled = stoppedTask("Scaling activity initiated by deployment", { stopCode: "ServiceSchedulerInitiated" });
  const causes = stopCauses(serviceNamed("catalog"), [failed, failed, exited, scaled]);
  expect(causes.map(({ count, advice }) => [count, advice])).toEqual([[2, "image"], [1, "container"]]);
  expect(causes[1]?.reason).toContain("app: exit code 3");
});

test("an event about placement is a problem until a task has started", () => {
  const [unable, started] = ["(service web) was unable to place a task because …", "(service web) has started 1 tasks"].map((message) => ({ message }));
  expect(placementProblem({ events: [unable, started].flatMap((event) => event ?? []) })).toContain("unable to place");
  expect(placementProblem({ events: [started, unable].flatMap((event) => event ?? []) })).toBeUndefined();
});

test("the timeline has deployments, events, stopped tasks and alarms, newest first", () => {
  const at = (minute: number) => new Date(minute * 60_000);
  const items = historyOf(
    { events: [{ id: "e", createdAt: at(2), message: "steady" }] },
    [{ serviceDeploymentArn: "a/d", startedAt: at(1), finishedAt: at(5), status: "SUCCESSFUL" }],
    [{ taskArn: "a/t", stoppedAt: at(4), stoppedReason: "exit" }],
    [{ AlarmName: "slow", Timestamp: at(3), HistorySummary: "OK to ALARM" }],
  );
  expect(items.map(({ kind }) => kind)).toEqual(["deployment", "stop", "alarm", "event", "deployment"]);
});

const WRONG_PORT = {
  severity: "warning", kind: "not-listening", subject: "arn",
  message: "a task did not listen within 40 seconds of its start", remedy: "Compare the port with what the program listens on: moyai exec catalog -- ss -ltn",
};

test("a task that listens on another port is shown as moyai doctor finds it, with what to do next", async () => {
  open("", { findings: { findings: [WRONG_PORT, { ...WRONG_PORT, kind: "names-not-seen", message: "names" }] } });
  expect(await screen.findByText("A task does not listen on its port")).toBeTruthy();
  expect(screen.getByText(WRONG_PORT.message)).toBeTruthy();
  expect(screen.getAllByText(/Compare the port/)).toHaveLength(1);
  expect(screen.queryByText("names")).toBeNull();
  expect(await violations()).toEqual([]);
});

test("stops for failed health checks are shown once, together with another finding", async () => {
  const unhealthy = { severity: "problem", kind: "tasks-unhealthy", subject: "arn", message: "2 of its tasks were stopped within an hour", remedy: "Run the check in a task." };
  const reasons = ["Task failed container health checks", "Essential container in task exited"];
  const tasks = reasons.map((reason) => stoppedTask(reason, { createdAt: 9e9, stoppedAt: 9e9 }));
  const catalog = answers.DescribeServices.services.find(({ serviceName }) => serviceName === "catalog");
  const short = { ...catalog, runningCount: 0, desiredCount: 2 };
  open("", {
    DescribeServices: { services: [short] },
    ListTasks: { taskArns: tasks.map(({ taskArn }) => taskArn) },
    DescribeTasks: { tasks },
    findings: { findings: [WRONG_PORT, unhealthy] },
  });
  await screen.findByText(unhealthy.message);
  expect(screen.getByText(WRONG_PORT.message)).toBeTruthy();
  expect(await screen.findByText("1 task: Essential container in task exited")).toBeTruthy();
  expect(screen.queryByText("1 task: Task failed container health checks")).toBeNull();
});

test("findings that can't be read are no absence of findings", async () => {
  open("", { findings: apiError("ServerException", "The store is busy.") });
  expect(await screen.findByText(/The store is busy/)).toBeTruthy();
});
