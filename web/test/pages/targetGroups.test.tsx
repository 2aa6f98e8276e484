// Target groups and their targets, over recorded responses.

import { act, cleanup, fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import CreateTargetGroupPage from "../../src/pages/targetGroups/CreateTargetGroupPage.tsx";
import EditHealthCheckPage from "../../src/pages/targetGroups/EditHealthCheckPage.tsx";
import TargetGroupPage from "../../src/pages/targetGroups/TargetGroupPage.tsx";
import TargetGroupsPage from "../../src/pages/targetGroups/TargetGroupsPage.tsx";
import { violations } from "../axe.ts";
import { altered, answers, arns, refusals } from "../balancers.ts";
import { renderPage } from "../renderPage.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";

const UNHEALTHY = "<State>unhealthy</State><Reason>Target.ResponseCodeMismatch</Reason><Description>Health checks failed with these codes: [500]</Description>";
const TARGET = /<Id>(.*?)</.exec(answers.DescribeTargetHealth as string)?.[1] ?? "";
const OK = (operation: string) => `<${operation}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${operation}Result></${operation}Result></${operation}Response>`;

const openGroup = (tab = "", more: Record<string, unknown> = {}) =>
  renderPage(<TargetGroupPage />, "/target-groups/:group/:tab?", `/target-groups/site-blue/${tab}`, { ...answers, ...more });
const input = (calls: readonly { operation: string; input: Readonly<Record<string, unknown>> }[], operation: string) => calls.find((call) => call.operation === operation)?.input;

test("target groups are listed with the health of their targets and the load balancers that use them", async () => {
  renderPage(<TargetGroupsPage />, "/target-groups", "/target-groups", answers);
  const link = await screen.findByRole("link", { name: "site-blue" });
  expect(link.getAttribute("href")).toBe("/console/target-groups/site-blue");
  await waitFor(() => {
    expect(link.closest("tr")?.textContent).toContain("Healthy 2");
  });
  expect(link.closest("tr")?.textContent).toContain("HTTP:8080");
  expect(link.closest("tr")?.querySelector("a[href='/console/load-balancers/site']")).toBeTruthy();
  expect(await violations()).toEqual([]);
});

test("a target says which task of which service it is, and its health changes live with its reason", async () => {
  let health = answers.DescribeTargetHealth as string;
  const { cache } = openGroup("", { DescribeTargetHealth: () => health });
  const row = () => screen.findByRole("row", { name: new RegExp(`${TARGET}.*Healthy`) });
  await waitFor(async () => {
    expect((await row()).querySelector("a[href^='/console/clusters/shop/tasks/']")).toBeTruthy();
  });
  expect((await row()).querySelector("a[href='/console/clusters/shop/services/site']")).toBeTruthy();
  expect(await violations()).toEqual([]);
  health = altered("DescribeTargetHealth", "<State>healthy</State>", UNHEALTHY);
  act(() => { cache.invalidate({ everything: false, changes: [{ kind: "target", id: `${arns.blue} ${TARGET} 8080` }] }); });
  const changed = await screen.findByRole("row", { name: new RegExp(`${TARGET}.*Unhealthy`) });
  expect(changed.textContent).toContain("Target.ResponseCodeMismatch");
  expect(changed.textContent).toContain("Health checks failed with these codes: [500]");
});

test("a target of a service can be deregistered, but the dialog warns that the service replaces the task", async () => {
  const { calls } = openGroup("", { DeregisterTargets: OK("DeregisterTargets") });
  press(await screen.findByRole("radio", { name: `${TARGET}:8080` }));
  await waitFor(() => {
    expect(document.querySelector("td a[href='/console/clusters/shop/services/site']")).toBeTruthy();
  });
  press(button("Deregister"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("The target is a task of the service site");
  press(button("Deregister", dialog));
  await waitFor(() => {
    expect(input(calls, "DeregisterTargets")).toMatchObject({ TargetGroupArn: arns.blue, "Targets.member.1.Id": TARGET, "Targets.member.1.Port": "8080" });
  });
});

test("a group in use is not deleted, in AWS's words", async () => {
  openGroup("", { DeleteTargetGroup: refusals.DeleteTargetGroup });
  await screen.findByText("Target group overview");
  press(button("Delete"));
  const dialog = await openDialog();
  enter(/To confirm/, "site-blue");
  press(button("Delete target group", dialog));
  await screen.findByText(`ResourceInUse: Target group '${arns.blue}' is currently in use by a listener or a rule`);
});

test("health check settings are shown, and only a changed one is sent", async () => {
  openGroup("health-check");
  for (const text of ["Traffic port", "2 successes in a row", "5 s"]) expect((await screen.findAllByText(text)).length).toBeGreaterThan(0);
  cleanup();
  const path = "/target-groups/site-blue/edit-health-check";
  const { calls } = renderPage(<EditHealthCheckPage />, "/target-groups/:group/edit-health-check", path, { ...answers, ModifyTargetGroup: OK("ModifyTargetGroup") });
  fireEvent.change(await screen.findByLabelText("Path"), { target: { value: "/health" } });
  expect(await violations()).toEqual([]);
  press(button("Save changes"));
  await screen.findByText("elsewhere");
  const { Action, Version, ...sent } = input(calls, "ModifyTargetGroup") ?? {};
  expect([Action, Version]).toEqual(["ModifyTargetGroup", "2015-12-01"]);
  expect(sent).toEqual({ TargetGroupArn: arns.blue, HealthCheckPath: "/health" });
});

test("a new group is in the default VPC, and leaves what is empty to the API", async () => {
  const { calls } = renderPage(<CreateTargetGroupPage />, "/create-target-group", "/create-target-group", { ...answers, CreateTargetGroup: OK("CreateTargetGroup") });
  await screen.findByText("Target type");
  enter(/^Name/, "new");
  press(button("Create"));
  await screen.findByText("elsewhere");
  const { Action, Version, VpcId, ...sent } = input(calls, "CreateTargetGroup") ?? {};
  expect([Action, Version]).toEqual(["CreateTargetGroup", "2015-12-01"]);
  expect(VpcId).toMatch(/^vpc-/);
  expect(sent).toEqual({ Name: "new", TargetType: "ip", Protocol: "HTTP", ProtocolVersion: "HTTP1", Port: "80" });
});
