// The page over answers of a real server. What a canvas shows can't be read here; the table and the panels can.

import { fireEvent, screen } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import TrafficPage from "../../src/pages/traffic/TrafficPage.tsx";
import { layoutOf, type Shape } from "../../src/traffic/layout.ts";
import { renderPage } from "../rendered.tsx";
import { recording } from "./recording.ts";

const recorded = recording();
const RANGE = `range=${recorded.span.start}-${recorded.span.end}`;

/** Workers: one lays out at once, one never comes to draw. */
class Inline {
  readonly #listeners: ((event: { data: unknown }) => void)[] = [];
  readonly #draws: boolean;
  constructor(url: URL) {
    this.#draws = url.href.includes("draw");
  }
  addEventListener(_: string, listener: (event: { data: unknown }) => void) {
    this.#listeners.push(listener);
  }
  postMessage({ turn, shape }: { turn: number; shape: Shape }) {
    for (const listener of this.#draws ? [] : this.#listeners) listener({ data: { turn, layout: layoutOf(shape) } });
  }
  terminate() {
    this.#listeners.length = 0;
  }
}

beforeEach(() => {
  vi.stubGlobal("Worker", Inline);
  vi.stubGlobal("ResizeObserver", class { observe() { /* nothing is laid out here */ } disconnect() { /* so nothing ends */ } });
  HTMLCanvasElement.prototype.getContext = () => null;
});

function open(query: string) {
  renderPage(<TrafficPage />, "/traffic", `/traffic?${RANGE}&${query}`, {});
  vi.stubGlobal("fetch", recorded.fetch);
}

const link = (caller: string, target: string) => screen.findByLabelText(`${caller} to ${target}: details`);
const absent = (caller: string, target: string) => screen.queryByLabelText(`${caller} to ${target}: details`) === null;

test("the table has every edge with its figures, and leads to an edge's panel", async () => {
  open("as=table");
  const found = await link("back/cart", "stock");
  const cells = [...(found.closest("tr")?.querySelectorAll("td, th") ?? [])].map((cell) => cell.textContent.trim());
  expect(cells.some((text) => /^8[78]\.?\d* %$/.test(text))).toBe(true); // 12.5 of 100 fail
  fireEvent.click(found);
  await screen.findByText("back/cart → stock");
  await screen.findByText("Retries / time-outs"); // its figures; the charts ask what was not recorded
});

test("the map says what it shows, and a service's panel lists callers and called, the worst first", async () => {
  open("edge=%3Aback%2Fcart");
  await screen.findByLabelText("Traffic map: 4 services, 4 edges. The table shows the same.");
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
