import { screen, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import TracePage from "../../src/pages/traces/TracePage.tsx";
import TracesPage from "../../src/pages/traces/TracesPage.tsx";
import { violations } from "../axe.ts";
import { renderPage } from "../renderPage.tsx";
import { button, press } from "../userActions.ts";

const TRACE = "11".repeat(16);
const RESOURCE = { "service.name": "front", "cloud.region": "us-east-1" };
const REQUEST = {
  trace: TRACE,
  id: "1",
  parent: "",
  name: "GET",
  kind: "client",
  start: 1_800_000_000,
  duration: 0.25,
  is_error: true,
  attributes: { "url.path": "/items/42", "server.address": "catalog", "http.response.status_code": 503, "envoy.response_flags": "UT,XX", "http.request.header.x-request-id": "r-1" },
  resource: RESOURCE,
};
const ATTEMPT = { ...REQUEST, id: "2", parent: "1", attributes: { ...REQUEST.attributes, "network.peer.address": "172.31.0.4", "network.peer.port": 8080, "http.request.resend_count": 1 } };
const SERVED = { ...REQUEST, id: "3", parent: "2", kind: "server", is_error: false, attributes: { "url.path": "/items/42", "http.response.status_code": 200 }, resource: { "service.name": "catalog" } };
const SUMMARY = { id: TRACE, first: REQUEST, services: ["front", "catalog"], spans: 3, errors: 2, requestId: "r-1" };

function renderTraces(path: string, report: unknown) {
  return renderPage(<TracesPage />, "/traces", path, { traces: report });
}

test("the newest traces are listed with their results", async () => {
  renderTraces("/traces", { sampling: 100, traces: [SUMMARY], spans: [] });
  const link = await screen.findByRole("link", { name: "GET /items/42" });
  expect(link.getAttribute("href")).toBe(`/console/traces/${TRACE}`);
  expect(screen.getByText("front → catalog")).toBeTruthy();
  expect(screen.getByText("503 (the endpoint did not answer within the timeout, XX) · 2 failed")).toBeTruthy();
  expect(screen.getByText("250.0 ms")).toBeTruthy();
  expect(await violations()).toEqual([]);
});

test("the traces of a service are those of its address", async () => {
  renderTraces("/traces?cluster=shop&service=catalog", { sampling: 100, traces: [SUMMARY], spans: [] });
  expect(await screen.findByText("The newest traces in which shop/catalog took part.")).toBeTruthy();
  expect(button("All traces")?.getAttribute("href")).toBe("/console/traces");
});

test("without sampling the page says how to turn it on", async () => {
  renderTraces("/traces", { sampling: 0, traces: [], spans: [] });
  expect((await screen.findAllByText(/moyai up --trace-sampling 100/)).length).toBeGreaterThan(0);
});

test("a trace shows its spans as a tree, and the attributes of the selected one", async () => {
  renderPage(<TracePage />, "/traces/:trace", `/traces/${TRACE}`, { traces: { sampling: 100, traces: [], spans: [SERVED, ATTEMPT, REQUEST] } });
  await screen.findByRole("heading", { level: 1, name: "GET /items/42" });
  const spans = screen.getAllByRole("row").slice(1).map((row) => row.querySelector("th, td:nth-child(2)")?.textContent);
  expect(spans).toEqual(["front calls catalog", "Attempt 2 at 172.31.0.4:8080", "catalog serves"]);
  press(screen.getByRole("row", { name: /catalog serves/ }).querySelector<HTMLElement>("input[type=radio]") ?? undefined);
  await waitFor(() => { expect(screen.queryByText("server.address")).toBeNull(); });
  expect(await violations()).toEqual([]);
});

test("a trace that is not kept any more is said to be gone", async () => {
  renderPage(<TracePage />, "/traces/:trace", "/traces/r-9", { traces: { sampling: 100, traces: [], spans: [] } });
  expect(await screen.findByText(/The server has no spans of this trace/)).toBeTruthy();
});
