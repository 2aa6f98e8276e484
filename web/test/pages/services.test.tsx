// A service's page on what a real server answered.

import { screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import ServicePage from "../../src/pages/services/ServicePage.tsx";
import { linked } from "../../src/pages/services/EventsTab.tsx";
import { merged } from "../../src/pages/services/LogView.tsx";
import { button, openDialog, press } from "../hands.ts";
import { apiError, renderPage } from "../rendered.tsx";
import { answers, serviceNamed, waitingDeployment } from "../shop.ts";

const PATTERN = "/clusters/:cluster/services/:service/:tab?";
const open = (tab: string, more: Record<string, unknown> = {}) => {
  const DescribeServices = { services: answers.DescribeServices.services.filter((service) => service.serviceName === "catalog") };
  return renderPage(<ServicePage />, PATTERN, `/clusters/shop/services/catalog/${tab}`, { ...answers, DescribeServices, ...more });
};
const input = (calls: readonly { operation: string; input: unknown }[], operation: string) => calls.find((call) => call.operation === operation)?.input;
const id = (arn: string | undefined) => arn?.split("/").at(-1) ?? "";

test("a deployment that waits is answered, after the effect was said", async () => {
  const { calls } = open("deployments", { ContinueServiceDeployment: {} });
  await screen.findByText("A hook waits for an answer");
  expect(screen.getByText("Post test traffic shift")).toBeTruthy();
  press(button("Continue"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("goes on from its stage “Post test traffic shift”");
  expect(input(calls, "ContinueServiceDeployment")).toBeUndefined();
  press(button("Continue", dialog));
  const deployment = waitingDeployment();
  await waitFor(() => {
    expect(input(calls, "ContinueServiceDeployment")).toEqual({
      serviceDeploymentArn: deployment.serviceDeploymentArn,
      hookId: deployment.lifecycleHookDetails?.[0]?.hookId,
      action: "CONTINUE",
    });
  });
});

test("a deployment is stopped as the reader chooses", async () => {
  const { calls } = open("deployments", { StopServiceDeployment: {} });
  await screen.findByText("Stop deployment");
  press(button("Stop deployment"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("The service goes back to the revision before");
  press(within(dialog).getByLabelText("Leave as it is"));
  expect(dialog.textContent).toContain("Nothing is undone");
  press(button("Leave as it is", dialog));
  await waitFor(() => {
    expect(input(calls, "StopServiceDeployment")).toMatchObject({ stopType: "ABORT" });
  });
});

test("what the server refuses stays in the dialog, in its words", async () => {
  open("tasks", { StopTask: apiError("InvalidParameterException", "The referenced task was not found.") });
  const [task] = answers.DescribeTasks.tasks;
  press(await screen.findByLabelText(id(task?.taskArn), { selector: "input" }));
  press(button("Stop"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("Service catalog starts another in its place.");
  press(button("Stop task", dialog));
  await within(dialog).findByText("InvalidParameterException: The referenced task was not found.");
});

test("lines of output come with their task, and each once", async () => {
  open("logs");
  const lines = await screen.findAllByText("app started");
  expect(lines).toHaveLength(answers.FilterLogEvents.events.length);
  const line = (at: number, key: string) => ({ id: key, at, task: "t", message: key });
  expect(merged([line(1, "a"), line(3, "c")], [line(2, "b"), line(3, "c")]).map((one) => one.id)).toEqual(["a", "b", "c"]);
});

test("its names are shown as callers write them", async () => {
  open("connect");
  await screen.findByText("catalog:80");
  expect(await screen.findByText("http → 8080")).toBeTruthy();
});

test("the page of a service that is not there says so in AWS's words", async () => {
  open("", { DescribeServices: { services: [], failures: [{ reason: "MISSING" }] } });
  await screen.findByText("ServiceNotFoundException: Service not found.");
});

test("tasks in an event lead to their pages, and markup in it is text", () => {
  const task = "0123456789abcdef0123456789abcdef";
  const [before, link] = linked(`<b>x</b> (task ${task}) failed`, "shop");
  expect(before).toBe("<b>x</b> ");
  expect((link as { props: { href: string } }).props.href).toBe(`/console/clusters/shop/tasks/${task}`);
  expect(serviceNamed("catalog").events?.length).toBeGreaterThan(0);
});
