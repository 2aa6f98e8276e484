import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import ComparePage from "../../src/pages/definitions/ComparePage.tsx";
import DefinitionsPage from "../../src/pages/definitions/DefinitionsPage.tsx";
import FamilyPage from "../../src/pages/definitions/FamilyPage.tsx";
import RegisterPage from "../../src/pages/definitions/RegisterPage.tsx";
import RevisionPage from "../../src/pages/definitions/RevisionPage.tsx";
import { commandOf, portsOf, withPorts } from "../../src/pages/definitions/definitionJson.ts";
import { diffRows } from "../../src/pages/definitions/DiffView.tsx";
import { violations } from "../axe.ts";
import { button, enter, openDialog, press } from "../userActions.ts";
import { apiError, renderPage } from "../renderPage.tsx";

const ARN = "arn:aws:ecs:us-east-1:123456789012:task-definition/web:";
const WEB = {
  name: "web",
  image: "nginx:1",
  essential: true,
  portMappings: [{ containerPort: 80, protocol: "tcp", name: "http", appProtocol: "http" }],
  environment: [{ name: "COLOUR", value: "hidden-blue" }],
  secrets: [{ name: "TOKEN", valueFrom: "arn:aws:ssm:::parameter/token" }],
  healthCheck: { command: ["CMD", "true"], interval: 7 },
};
const described = (revision: number, cpu: string, status = "ACTIVE") => ({
  taskDefinition: {
    taskDefinitionArn: ARN + String(revision),
    family: "web",
    revision,
    status,
    cpu,
    networkMode: "awsvpc",
    containerDefinitions: [WEB],
    registeredAt: 1_700_000_000,
    compatibilities: ["EC2"],
  },
  tags: [{ key: "team", value: "shop" }],
});
const answers = {
  ListTaskDefinitionFamilies: ({ status }: { status: string }) => ({ families: status === "ACTIVE" ? ["web"] : ["old"] }),
  ListTaskDefinitions: ({ status }: { status: string }) => ({ taskDefinitionArns: status === "ACTIVE" ? [`${ARN}10`, `${ARN}2`] : [`${ARN}9`] }),
  DescribeTaskDefinition: ({ taskDefinition }: { taskDefinition: string }) => described(Number(taskDefinition.split(":")[1]), taskDefinition === "web:2" ? "256" : "512"),
};
const last = (calls: readonly { operation: string; input: unknown }[], operation: string) => calls.filter((call) => call.operation === operation).at(-1)?.input;

const revisionPage = (more = {}, tab = "") =>
  renderPage(<RevisionPage />, "/task-definitions/:family/:revision/:tab?", `/task-definitions/web/2/${tab}`, { ...answers, ...more });
const registerPage = (more: object) =>
  renderPage(<RegisterPage />, "/task-definitions/:family/:revision/register", "/task-definitions/web/2/register", { ...answers, ...more });

test("families are listed, with those that have no active revision left", async () => {
  renderPage(<DefinitionsPage />, "/task-definitions", "/task-definitions", answers);
  expect((await screen.findByRole("link", { name: "web" })).getAttribute("href")).toBe("/console/task-definitions/web");
  expect(screen.getByRole("row", { name: /web/ }).textContent).toContain("Active");
  expect(screen.getByRole("row", { name: /old/ }).textContent).toContain("Inactive");
});

test("a family's revisions are in the order of their numbers, newest first", async () => {
  renderPage(<FamilyPage />, "/task-definitions/:family", "/task-definitions/web", answers);
  await screen.findByRole("link", { name: "web:10" });
  expect(screen.getAllByRole("link", { name: /^web:/ }).map((link) => link.textContent)).toEqual(["web:10", "web:9", "web:2"]);
  expect(screen.getByRole("row", { name: /web:9/ }).textContent).toContain("Inactive");
  expect(button("Compare")?.getAttribute("href")).toBe("/console/task-definitions/web/compare?from=9&to=10");
  expect(button("Register new revision")?.getAttribute("href")).toBe("/console/task-definitions/web/10/register");
});

test("a revision's form has its containers, without the values of their environment", async () => {
  revisionPage();
  await screen.findByText("nginx:1");
  for (const words of ["80/tcp (http, http)", "COLOUR", "TOKEN ← arn:aws:ssm:::parameter/token", "CMD true", "every 7 s, timeout 5 s, 3 retries", "awsvpc"]) {
    expect(screen.getByText(words)).toBeTruthy();
  }
  expect(document.body.textContent).not.toContain("hidden-blue");
  expect(await violations()).toEqual([]);
});

test("a revision's JSON is the whole of it, as the API gave it", async () => {
  revisionPage({}, "json");
  await screen.findByText(/"cpu": "256"/);
  const { registeredAt, ...whole } = JSON.parse(document.querySelector("pre")?.textContent ?? "") as { registeredAt: string };
  expect(new Date(registeredAt).getTime()).toBe(described(2, "256").taskDefinition.registeredAt * 1000);
  expect(whole).toEqual({ ...described(2, "256").taskDefinition, registeredAt: undefined });
});

test("deregistering says its effect first, then is asked of the API", async () => {
  const { calls } = revisionPage({ DeregisterTaskDefinition: {} });
  await screen.findByText("nginx:1");
  press(button("Deregister"));
  const dialog = await openDialog();
  expect(dialog.textContent).toContain("services that use the revision can still replace");
  expect(last(calls, "DeregisterTaskDefinition")).toBeUndefined();
  press(button("Deregister", dialog));
  await waitFor(() => {
    expect(last(calls, "DeregisterTaskDefinition")).toEqual({ taskDefinition: "web:2" });
  });
});

test("a new revision begins as the old one, and goes out as it is written", async () => {
  const { calls } = registerPage({ RegisterTaskDefinition: described(11, "256") });
  const area = await screen.findByLabelText<HTMLTextAreaElement>("Task definition JSON");
  expect(await violations()).toEqual([]);
  const first: unknown = JSON.parse(area.value);
  expect(first).toEqual({ family: "web", cpu: "256", networkMode: "awsvpc", containerDefinitions: [WEB], tags: [{ key: "team", value: "shop" }] });
  const written = { ...(first as object), cpu: 7, unheardOf: [1] };
  enter("Task definition JSON", JSON.stringify(written));
  press(button("Register"));
  await screen.findByText("elsewhere"); // the new revision's page
  expect(last(calls, "RegisterTaskDefinition")).toEqual(written);
});

test("what is no JSON is said at once, and what the API refuses in its words", async () => {
  const { calls } = registerPage({ RegisterTaskDefinition: apiError("ClientException", "Invalid 'cpu' setting for task.") });
  await screen.findByLabelText("Task definition JSON");
  enter("Task definition JSON", "{");
  press(button("Register"));
  await screen.findByText(/Invalid JSON/);
  enter("Task definition JSON", "[]");
  press(button("Register"));
  await screen.findByText("Enter a JSON object: { … }");
  expect(last(calls, "RegisterTaskDefinition")).toBeUndefined();
  enter("Task definition JSON", '{"cpu": "1"}');
  press(button("Register"));
  await screen.findAllByText(/ClientException: Invalid 'cpu' setting for task\./);
  expect(screen.getByLabelText<HTMLTextAreaElement>("Task definition JSON").value).toBe('{"cpu": "1"}');
});

test("two revisions are compared line by line", async () => {
  renderPage(<ComparePage />, "/task-definitions/:family/compare", "/task-definitions/web/compare?from=2&to=10", answers);
  const removed = await screen.findByText('- "cpu": "256",');
  expect(removed.closest("tr")?.textContent).toContain('+   "cpu": "512",');
  expect(document.querySelectorAll("del, ins")).toHaveLength(2);
  expect(await violations()).toEqual([]);
});

test("what was replaced stands beside what replaced it; what has no other side stands alone", () => {
  expect(diffRows("a\nb\nc\nd", "a\nB\nd\ne")).toEqual([
    { left: "a", right: "a", changed: false },
    { left: "b", right: "B", changed: true },
    { left: "c", right: undefined, changed: true },
    { left: "d", right: "d", changed: false },
    { left: undefined, right: "e", changed: true },
  ]);
});

test("a task definition is registered by form, and what the form does not show stays", async () => {
  const { calls } = renderPage(<RegisterPage />, "/register-task-definition", "/register-task-definition", { RegisterTaskDefinition: described(1, "256") });
  await screen.findByText("Container app");
  const type = (name: string, value: string) => fireEvent.change(screen.getByRole("textbox", { name }), { target: { value } });
  enter("Family", "web");
  enter("CPU", "256");
  enter("Container name", "front");
  enter("Image", "nginx:1");
  enter("Command", "nginx\n-g");
  press(button("Add port"));
  type("Container port", "80");
  type("Port name", "http");
  press(button("Add environment variable"));
  type("Name", "COLOUR");
  type("Value", "blue");
  expect(await violations()).toEqual([]);
  press(button("Register"));
  await waitFor(() => {
    expect(last(calls, "RegisterTaskDefinition")).toEqual({
      family: "web",
      networkMode: "awsvpc",
      cpu: "256",
      containerDefinitions: [
        {
          name: "front",
          image: "nginx:1",
          essential: true,
          memory: 128,
          command: ["nginx", "-g"],
          portMappings: [{ name: "http", containerPort: 80 }],
          environment: [{ name: "COLOUR", value: "blue" }],
        },
      ],
    });
  });
});

test("each wrong field of a task definition is marked at once, until it is corrected", async () => {
  const { calls } = renderPage(<RegisterPage />, "/register-task-definition", "/register-task-definition", { RegisterTaskDefinition: apiError("ClientException", "Sizes do not fit.") });
  await screen.findByText("Container app");
  enter("Family", "not a name");
  enter("Image", "");
  enter("CPU", "much");
  press(button("Add port"));
  press(button("Register"));
  const errors = ["Enter 1 to 255 letters", "Enter an image.", "Enter CPU units", "Enter container ports"];
  for (const error of errors) expect((await screen.findAllByText(new RegExp(error))).length).toBeGreaterThan(0);
  expect(screen.getByText("Correct the marked fields.")).toBeTruthy();
  enter("Family", "web");
  await waitFor(() => { expect(screen.queryByText(/Enter 1 to 255 letters/)).toBeNull(); });
  expect(screen.getByText("Enter an image.")).toBeTruthy();
  enter("Image", "nginx:1");
  enter("CPU", "256");
  fireEvent.change(screen.getByRole("textbox", { name: "Container port" }), { target: { value: "80" } });
  await waitFor(() => { expect(screen.queryByText("Correct the marked fields.")).toBeNull(); });
  expect(last(calls, "RegisterTaskDefinition")).toBeUndefined();
  press(button("Register"));
  await screen.findByText("ClientException: Sizes do not fit.");
  enter("CPU", "512");
  await waitFor(() => { expect(screen.queryByText("ClientException: Sizes do not fit.")).toBeNull(); });
});

test("ports that are added, removed or edited leave what the form does not show of the others", () => {
  const web = { containerPort: 80, protocol: "tcp", hostPort: 8080, name: "web" };
  const range = { containerPortRange: "1000-1010", protocol: "udp" };
  const container = { name: "app", portMappings: [web, range] };
  const [first, second] = portsOf(container);
  if (!first || !second) throw new Error("two ports");
  const added = { mapping: {}, name: "", containerPort: "443", appProtocol: "" };
  expect(withPorts(container, [first, second])).toEqual(container);
  expect(withPorts(container, [second, added]).portMappings).toEqual([range, { containerPort: 443 }]);
  expect(withPorts(container, [{ ...first, name: "" }]).portMappings).toEqual([{ containerPort: 80, protocol: "tcp", hostPort: 8080 }]);
});

test("a command with a word of several lines is edited as JSON only", async () => {
  expect(commandOf({ command: ["sh", "-c", "a\nb"] })).toBeNull();
  expect(commandOf({ command: ["nginx", "-g"] })).toBe("nginx\n-g");
  expect(commandOf({})).toBe("");
  const container = { ...WEB, command: ["sh", "-c", "a\nb"] };
  registerPage({ DescribeTaskDefinition: { taskDefinition: { ...described(2, "256").taskDefinition, containerDefinitions: [container] } } });
  await screen.findByLabelText("Task definition JSON");
  press(screen.getByRole("button", { name: "Form" }));
  const command = await screen.findByLabelText<HTMLTextAreaElement>("Command");
  expect([command.readOnly, command.value]).toEqual([true, '["sh","-c","a\\nb"]']);
  expect(screen.getByText("A word of this command has several lines. Edit it as JSON.")).toBeTruthy();
});
