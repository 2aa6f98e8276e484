// CloudFormation's stacks: the list, the events as they happen, links to resources, change sets, deletion.

import { act, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { resourcePath } from "../../src/pages/stacks/resourcePath.ts";
import StackPage from "../../src/pages/stacks/StackPage.tsx";
import StacksPage from "../../src/pages/stacks/StacksPage.tsx";
import { violations } from "../axe.ts";
import { renderPage } from "../renderPage.tsx";
import { button, enter, openDialog, press } from "../userActions.ts";

const ID = "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/0f2c";
const SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/shop-web/front";
const CHANGE_SET = "arn:aws:cloudformation:us-east-1:123456789012:changeSet/second/1a";

/** A response of the query API: elements by name; a list is its members. */
function response(operation: string, result: Readonly<Record<string, unknown>>): string {
  return `<${operation}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${operation}Result>${elements(result)}</${operation}Result></${operation}Response>`;
}

function elements(value: unknown): string {
  if (Array.isArray(value)) return value.map((member) => `<member>${elements(member)}</member>`).join("");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([name, member]) => `<${name}>${elements(member)}</${name}>`).join("");
}

const TIME = "2026-11-28T12:00:00.000Z";
const event = (LogicalResourceId: string, ResourceStatus: string, more: object = {}) => ({
  EventId: `${LogicalResourceId}-${ResourceStatus}`,
  StackId: ID,
  StackName: "shop",
  LogicalResourceId,
  ResourceStatus,
  Timestamp: TIME,
  ...more,
});
const stack = (StackStatus: string, more: object = {}) => ({ StackId: ID, StackName: "shop", CreationTime: TIME, StackStatus, ...more });
const answers = {
  DescribeStacks: response("DescribeStacks", {
    Stacks: [stack("UPDATE_COMPLETE", { Description: "the shop", Outputs: [{ OutputKey: "Url", OutputValue: "http://shop.elb.localhost" }] })],
  }),
  DescribeStackEvents: response("DescribeStackEvents", { StackEvents: [event("Front", "CREATE_IN_PROGRESS")] }),
  ListStackResources: response("ListStackResources", {
    StackResourceSummaries: [
      { LogicalResourceId: "Front", PhysicalResourceId: SERVICE, ResourceType: "AWS::ECS::Service", ResourceStatus: "CREATE_COMPLETE", LastUpdatedTimestamp: TIME },
      { LogicalResourceId: "Vpc", PhysicalResourceId: "vpc-1", ResourceType: "AWS::EC2::VPC", ResourceStatus: "CREATE_COMPLETE", LastUpdatedTimestamp: TIME },
    ],
  }),
  GetTemplate: response("GetTemplate", { TemplateBody: '{"Resources":{"Vpc":{"Type":"AWS::EC2::VPC"}}}' }),
  ListChangeSets: response("ListChangeSets", {
    Summaries: [{ ChangeSetId: CHANGE_SET, ChangeSetName: "second", Status: "CREATE_COMPLETE", ExecutionStatus: "AVAILABLE", CreationTime: TIME }],
  }),
  DescribeChangeSet: response("DescribeChangeSet", {
    Changes: [{ Type: "Resource", ResourceChange: { LogicalResourceId: "Vpc", Action: "Modify", ResourceType: "AWS::EC2::VPC", Replacement: "True" } }],
  }),
};
const open = (tab = "", more: Record<string, unknown> = {}) => renderPage(<StackPage />, "/stacks/:stack/:tab?", `/stacks/shop/${tab}`, { ...answers, ...more });

test("stacks are listed with their states", async () => {
  renderPage(<StacksPage />, "/stacks", "/stacks", answers);
  const link = await screen.findByRole("link", { name: "shop" });
  expect(link.getAttribute("href")).toBe("/console/stacks/shop");
  expect(link.closest("tr")?.textContent).toContain("UPDATE_COMPLETE");
  expect(await violations()).toEqual([]);
});

test("events appear as they happen, and a failure has its reason", async () => {
  let events = [event("Front", "CREATE_IN_PROGRESS")];
  const { cache } = open("", { DescribeStackEvents: () => response("DescribeStackEvents", { StackEvents: events }) });
  await screen.findByRole("row", { name: /Front.*CREATE_IN_PROGRESS/ });
  events = [event("Front", "CREATE_FAILED", { ResourceStatusReason: "no such cluster" }), ...events];
  act(() => { cache.invalidate({ everything: false, changes: [{ kind: "stack-resource", id: `${ID} Front` }] }); });
  const failure = await screen.findByRole("row", { name: /Front.*CREATE_FAILED/ });
  expect(failure.textContent).toContain("no such cluster");
  expect(await violations()).toEqual([]);
});

test("a resource that has a page links to it", async () => {
  open("resources");
  const link = await screen.findByRole("link", { name: SERVICE });
  expect(link.getAttribute("href")).toBe("/console/clusters/shop-web/services/front");
  expect(screen.queryByRole("link", { name: "vpc-1" })).toBeNull();
});

test("the pages of resources follow from types and physical ids", () => {
  const elb = "arn:aws:elasticloadbalancing:us-east-1:123456789012";
  expect(resourcePath("AWS::ECS::Cluster", "shop-web")).toBe("/clusters/shop-web");
  expect(resourcePath("AWS::ECS::TaskDefinition", "arn:aws:ecs:us-east-1:123456789012:task-definition/front:3")).toBe("/task-definitions/front/3");
  const ecs = "arn:aws:ecs:us-east-1:123456789012";
  expect(resourcePath("AWS::ECS::ExpressGatewayService", `${ecs}:service/default/hello`)).toBe("/express-services/default/hello");
  expect(resourcePath("AWS::ECS::Daemon", `${ecs}:daemon/default/watch`)).toBe("/clusters/default/daemons/watch");
  expect(resourcePath("AWS::ECS::DaemonTaskDefinition", `${ecs}:daemon-task-definition/agent:2`)).toBe("/daemon-task-definitions/agent/2");
  expect(resourcePath("AWS::ECS::Gateway", `${ecs}:gateway/edge`)).toBe("/gateways/edge");
  expect(resourcePath("AWS::ElasticLoadBalancingV2::LoadBalancer", `${elb}:loadbalancer/app/site/0123`)).toBe("/load-balancers/site");
  expect(resourcePath("AWS::ElasticLoadBalancingV2::TargetGroup", `${elb}:targetgroup/site-blue/0123`)).toBe("/target-groups/site-blue");
  expect(resourcePath("AWS::EC2::VPC", "vpc-1")).toBeUndefined();
  expect(resourcePath("AWS::ECS::Cluster", undefined)).toBeUndefined();
});

test("outputs that are URLs are links, and the template is readable", async () => {
  open("outputs");
  expect((await screen.findByRole("link", { name: /shop.elb.localhost/ })).getAttribute("href")).toBe("http://shop.elb.localhost");
  open("template");
  expect((await screen.findByText(/"Type": "AWS::EC2::VPC"/)).textContent).toContain('\n  "Resources"');
});

test("a change set shows what it would do, and is executed", async () => {
  const { calls } = open("change-sets", { ExecuteChangeSet: response("ExecuteChangeSet", {}) });
  press(await screen.findByRole("radio", { name: "second" }));
  expect((await screen.findByRole("row", { name: /Vpc/ })).textContent).toContain("ModifyAWS::EC2::VPCTrue");
  press(button("Execute change set"));
  press(button("Execute change set", await openDialog()));
  await waitFor(() => {
    expect(calls.find(({ operation }) => operation === "ExecuteChangeSet")?.input).toMatchObject({ ChangeSetName: CHANGE_SET });
  });
});

test("a deletion asks for the stack's name, and a refusal is shown in AWS's words", async () => {
  const refusal = "Stack [shop] cannot be deleted while TerminationProtection is enabled";
  open("", { DeleteStack: `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${refusal}</Message></Error></ErrorResponse>` });
  await screen.findByText("Stack overview");
  press(button("Delete stack"));
  const dialog = await openDialog();
  enter(/To confirm/, "shop");
  press(button("Delete stack", dialog));
  await screen.findByText(`ValidationError: ${refusal}`);
});
