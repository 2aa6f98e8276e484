// Load balancers, listeners and rules, over recorded responses.

import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { expect, test } from "vitest";
import { nameOf } from "../../src/aws/arn.ts";
import CreateRulePage from "../../src/pages/loadBalancers/CreateRulePage.tsx";
import EditRulePage from "../../src/pages/loadBalancers/EditRulePage.tsx";
import ListenerPage from "../../src/pages/loadBalancers/ListenerPage.tsx";
import LoadBalancerPage from "../../src/pages/loadBalancers/LoadBalancerPage.tsx";
import LoadBalancersPage from "../../src/pages/loadBalancers/LoadBalancersPage.tsx";
import { loadBalancerUrls } from "../../src/pages/loadBalancers/urls.ts";
import { violations } from "../axe.ts";
import { altered, answers, arns, refusals } from "../balancers.ts";
import { renderPage } from "../renderPage.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";

const DNS_NAME = /<DNSName>(.*?)</.exec(answers.DescribeLoadBalancers as string)?.[1] ?? "";
const OK = (operation: string) => `<${operation}Response xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><${operation}Result></${operation}Result></${operation}Response>`;

const openBalancer = (tab = "", more: Record<string, unknown> = {}) =>
  renderPage(<LoadBalancerPage />, "/load-balancers/:balancer/:tab?", `/load-balancers/site/${tab}`, { ...answers, ...more });
const openListener = (more: Record<string, unknown> = {}) =>
  renderPage(<ListenerPage />, "/load-balancers/:balancer/listeners/:port/:tab?", "/load-balancers/site/listeners/80", { ...answers, ...more });
const input = (calls: readonly { operation: string; input: Readonly<Record<string, unknown>> }[], operation: string) => calls.find((call) => call.operation === operation)?.input;
const rule = (priority: string) => screen.findByLabelText(`Rule with priority ${priority}`, { selector: "input" });

test("load balancers are listed, and a name opens the application", async () => {
  renderPage(<LoadBalancersPage />, "/load-balancers", "/load-balancers", answers);
  const link = await screen.findByRole("link", { name: `${DNS_NAME} Open http://${DNS_NAME}:8080/ in a new tab` });
  expect(link.getAttribute("href")).toBe(`http://${DNS_NAME}:8080/`);
  expect(link.getAttribute("target")).toBe("_blank");
  const row = link.closest("tr")?.textContent;
  for (const text of ["site", "Active", "Application", "Internet-facing", "us-east-1a"]) expect(row).toContain(text);
  expect(await violations()).toEqual([]);
});

test("without a port for names, the name opens a public address", async () => {
  openBalancer("", { gateway: { httpPort: null, httpsPort: null, ports: [], listeners: [] } });
  const links = await screen.findAllByRole("link", { name: / Open http:\/\/127\.83\.\d+\.\d+\/ in a new tab$/ });
  expect(links.map((link) => link.textContent.trim())).toContain(DNS_NAME);
});

test("URLs are those by name, and then those of HTTP and HTTPS listeners at the first public address, the lowest port first", () => {
  const LoadBalancerArn = "arn:web";
  const listeners = [{ Port: 8443, Protocol: "HTTPS" as const }, { Port: 8080, Protocol: "HTTP" as const }, { Port: 80, Protocol: "HTTP" as const }];
  const gateway = {
    httpPort: 9000,
    httpsPort: null,
    ports: [],
    listeners: [
      { loadBalancer: LoadBalancerArn, port: 80, url: "http://web.elb.localhost:9000" },
      { loadBalancer: LoadBalancerArn, port: 8080, url: "http://8080.web.elb.localhost:9000" },
      { loadBalancer: "arn:other", port: 8443, url: "https://other.elb.localhost:9443" },
    ],
  };
  const named = ["http://web.elb.localhost:9000/", "http://8080.web.elb.localhost:9000/"];
  const direct = ["http://127.83.0.1/", "http://127.83.0.1:8080/", "https://127.83.0.1:8443/"];
  expect(loadBalancerUrls({ LoadBalancerArn }, listeners, ["127.83.0.1"], gateway)).toEqual([...named, ...direct]);
  expect(loadBalancerUrls({ LoadBalancerArn }, listeners, [], gateway)).toEqual([]);
  expect(loadBalancerUrls({ LoadBalancerArn: "arn:net" }, [{ Port: 53, Protocol: "UDP" }], ["127.83.0.1"], gateway)).toEqual([]);
});

test("an HTTPS listener with a name has no URL with an address", () => {
  const at = { loadBalancer: "arn:web", port: 443, url: "https://shop.test:8443" };
  const gateway = { httpPort: null, httpsPort: 8443, ports: [], listeners: [at] };
  const listeners = [{ Port: 443, Protocol: "HTTPS" as const }];
  expect(loadBalancerUrls({ LoadBalancerArn: "arn:web" }, listeners, ["127.83.0.1"], gateway)).toEqual(["https://shop.test:8443/"]);
});

test("a load balancer that is not active says why", async () => {
  openBalancer("", { DescribeLoadBalancers: altered("DescribeLoadBalancers", "<Code>active</Code>", "<Code>failed</Code><Reason>No address is left.</Reason>") });
  const alert = await screen.findByText("No address is left.");
  expect(alert.closest("[class*=alert]")).toBeTruthy();
  expect(screen.getByText("Failed")).toBeTruthy();
});

test("a load balancer shows its listeners with the shares of their target groups", async () => {
  openBalancer();
  const link = await screen.findByRole("link", { name: "HTTP:80" });
  expect(link.getAttribute("href")).toBe("/console/load-balancers/site/listeners/80");
  const row = link.closest("tr")?.textContent;
  expect(row).toContain("site-blue: 3 (75 %)");
  expect(row).toContain("site-green: 1 (25 %)");
  expect(await violations()).toEqual([]);
});

test("the ECS services behind a load balancer lead to their pages", async () => {
  openBalancer("services");
  const link = await screen.findByRole("link", { name: (name, element) => name === "site" && element.getAttribute("href") === "/console/clusters/shop/services/site" });
  expect(link.closest("tr")?.textContent).toContain("app:8080");
});

test("nodes are shown with their addresses", async () => {
  openBalancer("network");
  const row = await screen.findByRole("row", { name: /us-east-1a/ });
  expect(row.textContent).toMatch(/172\.31\.0\.\d+.*127\.83\./);
});

test("attributes are complete, and what is rejected is shown at its field", async () => {
  const { calls } = openBalancer("attributes", { ModifyLoadBalancerAttributes: refusals.ModifyLoadBalancerAttributes });
  await screen.findByRole("row", { name: /routing.http.xff_header_processing.mode.*append/ });
  press(button("Edit attributes"));
  fireEvent.change(await screen.findByRole("textbox", { name: "idle_timeout.timeout_seconds" }), { target: { value: "soon" } });
  press(button("Save changes"));
  const error = await screen.findByText(/Load balancer attribute value 'soon' of 'idle_timeout.timeout_seconds' is not valid/);
  expect(error.closest("tr")?.textContent).toContain("idle_timeout.timeout_seconds");
  expect(input(calls, "ModifyLoadBalancerAttributes")).toMatchObject({ "Attributes.member.1.Key": "idle_timeout.timeout_seconds", "Attributes.member.1.Value": "soon" });
  expect(input(calls, "ModifyLoadBalancerAttributes")).not.toHaveProperty("Attributes.member.2.Key");
  expect(await violations()).toEqual([]);
});

test("a load balancer is deleted only after its name was typed", async () => {
  const { calls } = openBalancer("", { DeleteLoadBalancer: OK("DeleteLoadBalancer") });
  await screen.findByText("Load balancer overview");
  press(button("Delete"));
  const dialog = await openDialog();
  press(button("Delete load balancer", dialog));
  expect(input(calls, "DeleteLoadBalancer")).toBeUndefined();
  enter(/To confirm/, "site");
  press(button("Delete load balancer", dialog));
  await screen.findByText("elsewhere");
  expect(input(calls, "DeleteLoadBalancer")).toMatchObject({ LoadBalancerArn: arns.balancer });
});

test("rules are in their order, the default rule last, with conditions and actions", async () => {
  openListener();
  await rule("10");
  const rows = screen.getAllByRole("row").slice(1).map((row) => row.textContent);
  expect(rows[0]).toContain("Path is /downReturn fixed response 503");
  expect(rows[1]).toContain("Host header is *.old.testReturn fixed response 410");
  expect(rows[2]).toContain("If no other rule applies");
  expect(await violations()).toEqual([]);
});

test("moving a rule swaps its priority with its neighbor's; the first one can't move up", async () => {
  const { calls } = openListener({ SetRulePriorities: OK("SetRulePriorities") });
  press(await rule("10"));
  expect(button("Move up")?.hasAttribute("disabled")).toBe(true);
  press(button("Move down"));
  await waitFor(() => {
    expect(input(calls, "SetRulePriorities")).toMatchObject({
      "RulePriorities.member.1.RuleArn": arns.rule1,
      "RulePriorities.member.1.Priority": "20",
      "RulePriorities.member.2.RuleArn": arns.rule2,
      "RulePriorities.member.2.Priority": "10",
    });
  });
});

test("a priority is edited in place, and one in use is rejected there", async () => {
  openListener({ SetRulePriorities: refusals.SetRulePriorities });
  await rule("10");
  press(screen.getByLabelText("Edit priority 10"));
  const field = await screen.findByRole("textbox", { name: "Priority" });
  fireEvent.change(field, { target: { value: "0" } });
  expect(await screen.findByText("Enter a number from 1 to 50000.")).toBeTruthy();
  fireEvent.change(field, { target: { value: "20" } });
  press(screen.getByLabelText("Save"));
  const error = await screen.findByText("PriorityInUse: Priority '20' is currently in use");
  expect(error.closest("td, th")?.contains(screen.getByRole("textbox", { name: "Priority" }))).toBe(true);
});

test("the default rule can't be deleted, and another one is after a confirmation", async () => {
  const { calls } = openListener({ DeleteRule: OK("DeleteRule") });
  press(await rule("default"));
  expect(button("Delete", document.querySelector("[role=tabpanel]") ?? document)?.hasAttribute("disabled")).toBe(true);
  press(await rule("20"));
  press([...document.querySelectorAll("button")].filter((one) => one.textContent.trim() === "Delete").at(-1));
  press(button("Delete rule", await openDialog()));
  await waitFor(() => {
    expect(input(calls, "DeleteRule")).toMatchObject({ RuleArn: arns.rule2 });
  });
});

test("a new rule has the next priority, sends what was filled in, and shows a rejected priority at its field", async () => {
  const path = "/load-balancers/site/listeners/80/create-rule";
  const { calls } = renderPage(<CreateRulePage />, "/load-balancers/:balancer/listeners/:port/create-rule", path, { ...answers, CreateRule: refusals.CreateRule });
  const priority = await screen.findByLabelText("Priority");
  expect((priority as HTMLInputElement).value).toBe("21");
  const condition = screen.getByRole("group", { name: "Condition 1" });
  fireEvent.change(within(condition).getByLabelText("Values"), { target: { value: "/api/*\n/v1/*\n" } });
  press(screen.getByLabelText("Return fixed response"));
  enter("Status code", "418");
  expect(await violations()).toEqual([]);
  press(button("Create"));
  const error = await screen.findByText("PriorityInUse: Priority '10' is currently in use");
  expect(error.closest("[class*=form-field], [class*=root]")).toBeTruthy();
  expect(input(calls, "CreateRule")).toMatchObject({
    Priority: "21",
    "Conditions.member.1.Field": "path-pattern",
    "Conditions.member.1.PathPatternConfig.Values.member.1": "/api/*",
    "Conditions.member.1.PathPatternConfig.Values.member.2": "/v1/*",
    "Actions.member.1.Type": "fixed-response",
    "Actions.member.1.FixedResponseConfig.StatusCode": "418",
  });
});

test("a changed rule sends only what has changed", async () => {
  const id = nameOf(arns.rule1);
  const path = `/load-balancers/site/listeners/80/rules/${id}/edit`;
  const more = { ModifyRule: OK("ModifyRule") };
  const { calls } = renderPage(<EditRulePage />, "/load-balancers/:balancer/listeners/:port/rules/:rule/edit", path, { ...answers, ...more });
  const body = await screen.findByLabelText("Response body");
  expect((body as HTMLTextAreaElement).value).toBe("later");
  fireEvent.change(body, { target: { value: "soon" } });
  press(button("Save changes"));
  await screen.findByText("elsewhere");
  expect(input(calls, "ModifyRule")).toMatchObject({ RuleArn: arns.rule1, "Actions.member.1.FixedResponseConfig.MessageBody": "soon" });
  expect(Object.keys(input(calls, "ModifyRule") ?? {}).filter((name) => name.startsWith("Conditions"))).toEqual([]);
  expect(input(calls, "SetRulePriorities")).toBeUndefined();
});
