// The stream: what it says is passed on, and losing it is said, waited out and made up for.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Ring, Stream } from "../../src/live/stream.ts";
import { Played } from "./played.ts";

function followed() {
  const sources: Played[] = [];
  const rings: Ring[] = [];
  const stream = new Stream("/events", () => {
    const source = new Played();
    sources.push(source);
    return source;
  });
  stream.onRing((ring) => rings.push(ring));
  stream.start();
  return { stream, sources, rings };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("what it says is passed on", () => {
  const { stream, sources, rings } = followed();
  expect(stream.state).toBe("connecting");
  sources[0]?.say("hello");
  sources[0]?.say("changed", { more: false, keys: [{ kind: "task", cluster: "shop", id: "a" }] });
  sources[0]?.say("changed", { more: true, keys: [] });
  sources[0]?.say("metrics");
  expect(stream.state).toBe("open");
  expect(rings).toEqual([
    { everything: true },
    { everything: false, changes: [{ kind: "task", cluster: "shop", id: "a" }] },
    { everything: true },
    { everything: false, changes: [{ kind: "metrics" }] },
  ]);
});

test("a loss is said, and its end means that anything may have changed", () => {
  const { stream, sources, rings } = followed();
  sources[0]?.say("hello");
  sources[0]?.say("error");
  expect(stream.state).toBe("away");
  expect(sources[0]?.closed).toBe(true);
  vi.advanceTimersByTime(500);
  sources[1]?.say("error");
  vi.advanceTimersByTime(999);
  expect(sources).toHaveLength(2); // it waits longer each time
  vi.advanceTimersByTime(1);
  sources[2]?.say("hello");
  expect(stream.state).toBe("open");
  expect(rings).toEqual([{ everything: true }, { everything: true }]);
});

test("a minute that is over is said once", () => {
  vi.setSystemTime(59_000);
  const { sources, rings } = followed();
  sources[0]?.say("metrics");
  vi.setSystemTime(64_000);
  sources[0]?.say("metrics");
  sources[0]?.say("metrics");
  const kinds = rings.map((ring) => (ring.everything ? [] : ring.changes.map((change) => change.kind)));
  expect(kinds).toEqual([["metrics"], ["metrics", "minute"], ["metrics"]]);
});

test("silence is a loss", () => {
  const { stream, sources } = followed();
  sources[0]?.say("hello");
  vi.advanceTimersByTime(15_000);
  sources[0]?.say("metrics");
  vi.advanceTimersByTime(15_000);
  expect(stream.state).toBe("open");
  vi.advanceTimersByTime(1_000);
  expect(stream.state).toBe("away");
});

test("an answer that is no stream is a refusal", () => {
  const { stream, sources } = followed();
  const [source] = sources;
  if (source) source.readyState = 2;
  source?.say("error");
  expect(stream.state).toBe("refused");
});

test("who has closed it hears nothing more", () => {
  const { stream, sources } = followed();
  stream.close();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
});

test("closed for a while, it says that everything may have changed once it goes on", () => {
  const { stream, sources, rings } = followed();
  sources[0]?.say("hello");
  stream.close();
  vi.advanceTimersByTime(60_000);
  expect([sources.length, sources[0]?.closed, stream.state]).toEqual([1, true, "open"]);
  stream.start();
  stream.start();
  sources[1]?.say("hello");
  expect(sources).toHaveLength(2);
  expect(rings).toEqual([{ everything: true }, { everything: true }]);
});
