// The page over answers of a real server. What a canvas shows can't be read here; the table and the panels can.

import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import TrafficPage from "../../src/pages/traffic/TrafficPage.tsx";
import { computeLayout } from "../../src/traffic/layout/layout.ts";
import type { LayoutRequest } from "../../src/traffic/layout/useLayout.ts";
import { violations } from "../axe.ts";
import { button, choose, press } from "../userActions.ts";
import { renderPage } from "../renderPage.tsx";
import { recording } from "./recording.ts";

const shop = recording("shop");
const mesh = recording("mesh");
const MESH = "namespace=mesh%2Fpalette";
const RED = "color.palette.local → red";

/** The worker that fails, if one does: "draw" or "layout". */
let failing = "none";

/** Workers: one lays out at once, one never comes to draw. */
class Inline extends EventTarget {
  readonly #url: string;
  constructor(url: URL) {
    super();
    this.#url = url.href;
  }
  postMessage({ requestId, input }: LayoutRequest) {
    if (this.#url.includes(failing)) this.dispatchEvent(new Event("error"));
    else if (this.#url.includes("layout")) this.dispatchEvent(new MessageEvent("message", { data: { requestId, layout: computeLayout(input) } }));
  }
  terminate() { /* nothing runs */ }
}

beforeEach(() => {
  failing = "none";
  vi.stubGlobal("Worker", Inline);
  vi.stubGlobal("ResizeObserver", class { observe() { /* nothing is laid out here */ } disconnect() { /* so nothing ends */ } });
  HTMLCanvasElement.prototype.getContext = () => null;
});

function open(query: string, recorded = shop) {
  renderPage(<TrafficPage />, "/traffic", `/traffic?range=${recorded.span.start}-${recorded.span.end}&${query}`, {});
  vi.stubGlobal("fetch", recorded.fetch);
}

const link = (caller: string, target: string) => screen.findByLabelText(`${caller} to ${target}: details`);
const absent = (caller: string, target: string) => screen.queryByLabelText(`${caller} to ${target}: details`) === null;

test("the table has every edge with its metrics, and leads to an edge's panel", async () => {
  open("as=table");
  const edgeLink = await link("back/cart", "stock");
  const cells = [...(edgeLink.closest("tr")?.querySelectorAll("td, th") ?? [])].map((cell) => cell.textContent.trim());
  expect(cells.some((text) => /^8[78]\.?\d* %$/.test(text))).toBe(true); // 12.5 of 100 fail
  fireEvent.click(edgeLink);
  await screen.findByText("back/cart → stock");
  await screen.findByText("Retries / timeouts"); // its metrics; the charts ask what was not recorded
});

test("the map says what it shows, and a service's panel lists callers and called, the worst first", async () => {
  open("edge=%3Aback%2Fcart");
  await screen.findByLabelText("Traffic map: 4 boxes, 4 connections. The table has the same data.");
  const called = (await screen.findByText("Calls (2)")).parentElement?.querySelectorAll("a") ?? [];
  expect([...called].map((name) => name.textContent)).toEqual(["stock", "ledger"]);
  expect(screen.getByText("Called by (1)")).toBeTruthy();
});

test("what is around a service is shown alone", async () => {
  open("as=table&focus=back%2Fledger");
  await link("back/cart", "ledger");
  expect(absent("web/front", "stock")).toBe(true);
});

test("a search leaves the edges that are meant", async () => {
  open("as=table&find=FRONT");
  await link("web/front", "cart");
  expect(absent("back/cart", "stock")).toBe(true);
});

test.each(["draw", "layout"])("where the map's %s worker fails the page says so, shows the table, and draws again when it is told to", async (worker) => {
  failing = worker;
  open("");
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Couldn't draw the map");
  await link("web/front", "cart");
  expect(await violations(alert)).toEqual([]);
  failing = "none";
  fireEvent.click(screen.getByText("Retry"));
  await screen.findByLabelText(/^Traffic map/);
  expect(screen.queryByRole("alert")).toBeNull();
  expect(absent("web/front", "cart")).toBe(true);
});

test("a mesh's table has every edge by virtual service and virtual node, and leads to a panel with what there is of it", async () => {
  open(`${MESH}&as=table`, mesh);
  await link("palette/door", "blue.palette.local → blue");
  await link("palette/front", "lines.palette.local → lines");
  fireEvent.click(await link("palette/front", RED));
  await screen.findByText(`palette/front → ${RED}`);
  await screen.findByText("palette/front (virtual node)");
  await screen.findByText("Retries / timeouts");
  for (const absent of ["Slowest targets", "Access log", "Services"]) expect(screen.queryByText(absent)).toBeNull();
  expect(await violations()).toEqual([]);
});

test("a mesh's map has a box for each gateway and node, whose panel an address leads to", async () => {
  open(`${MESH}&edge=%3Amesh%2Fpalette%2FvirtualGateway%2Fdoor`, mesh);
  await screen.findByLabelText("Traffic map: 5 boxes, 4 connections. The table has the same data.");
  await screen.findByText("virtual gateway");
  expect(screen.queryByText("View service")).toBeNull();
  press(button("blue", (await screen.findByText("Calls (1)")).parentElement ?? undefined));
  await screen.findByText("palette/door → blue.palette.local → blue");
});

test("the picker has meshes beside namespaces", async () => {
  open("as=table", mesh);
  await link("palette/front", RED);
  expect(screen.queryAllByText("Services")).not.toEqual([]);
  await choose(document.querySelector(".traffic-select button"), "mesh/palette");
  await waitFor(() => { expect(screen.queryAllByText("Services")).toEqual([]); });
  await link("palette/front", RED);
});
