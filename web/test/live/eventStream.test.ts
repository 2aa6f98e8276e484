// The event stream: events are passed on, and a lost connection is reported, retried and made up for.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EventStream, type Invalidation } from "../../src/live/eventStream.ts";
import { FakeEventSource } from "./fakeEventSource.ts";

function startStream() {
  const sources: FakeEventSource[] = [];
  const invalidations: Invalidation[] = [];
  const stream = new EventStream("/events", () => {
    const source = new FakeEventSource();
    sources.push(source);
    return source;
  });
  stream.onInvalidation((invalidation) => invalidations.push(invalidation));
  stream.start();
  return { stream, sources, invalidations };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("what it says is passed on", () => {
  const { stream, sources, invalidations } = startStream();
  expect(stream.state).toBe("connecting");
  sources[0]?.say("hello");
  sources[0]?.say("changed", { more: false, keys: [{ kind: "task", cluster: "shop", id: "a" }] });
  sources[0]?.say("changed", { more: true, keys: [] });
  sources[0]?.say("metrics");
  expect(stream.state).toBe("open");
  expect(invalidations).toEqual([
    { everything: true },
    { everything: false, changes: [{ kind: "task", cluster: "shop", id: "a" }] },
    { everything: true },
    { everything: false, changes: [{ kind: "metrics" }] },
  ]);
});

test("a loss is said, and its end means that anything may have changed", () => {
  const { stream, sources, invalidations } = startStream();
  sources[0]?.say("hello");
  sources[0]?.say("error");
  expect(stream.state).toBe("lost");
  expect(sources[0]?.closed).toBe(true);
  vi.advanceTimersByTime(500);
  sources[1]?.say("error");
  vi.advanceTimersByTime(999);
  expect(sources).toHaveLength(2); // it waits longer each time
  vi.advanceTimersByTime(1);
  sources[2]?.say("hello");
  expect(stream.state).toBe("open");
  expect(invalidations).toEqual([{ everything: true }, { everything: true }]);
});

test("a minute that is over is said once", () => {
  vi.setSystemTime(59_000);
  const { sources, invalidations } = startStream();
  sources[0]?.say("metrics");
  vi.setSystemTime(64_000);
  sources[0]?.say("metrics");
  sources[0]?.say("metrics");
  const kinds = invalidations.map((invalidation) => (invalidation.everything ? [] : invalidation.changes.map((change) => change.kind)));
  expect(kinds).toEqual([["metrics"], ["metrics", "minute"], ["metrics"]]);
});

test("silence is a loss", () => {
  const { stream, sources } = startStream();
  sources[0]?.say("hello");
  vi.advanceTimersByTime(15_000);
  sources[0]?.say("metrics");
  vi.advanceTimersByTime(15_000);
  expect(stream.state).toBe("open");
  vi.advanceTimersByTime(1_000);
  expect(stream.state).toBe("lost");
});

test("an answer that is no stream is a refusal", () => {
  const { stream, sources } = startStream();
  const [source] = sources;
  if (source) source.readyState = 2;
  source?.say("error");
  expect(stream.state).toBe("refused");
});

test("who has closed it hears nothing more", () => {
  const { stream, sources } = startStream();
  stream.close();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
});

test("closed for a while, it says that everything may have changed once it goes on", () => {
  const { stream, sources, invalidations } = startStream();
  sources[0]?.say("hello");
  stream.close();
  vi.advanceTimersByTime(60_000);
  expect([sources.length, sources[0]?.closed, stream.state]).toEqual([1, true, "open"]);
  stream.start();
  stream.start();
  sources[1]?.say("hello");
  expect(sources).toHaveLength(2);
  expect(invalidations).toEqual([{ everything: true }, { everything: true }]);
});
