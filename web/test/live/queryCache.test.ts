// Queries: read once, again when a topic changes, one at a time; an error keeps the previous data.

import { expect, test } from "vitest";
import type { Invalidation } from "../../src/live/eventStream.ts";
import { matches, QueryCache } from "../../src/live/queryCache.ts";

/** A read that a test answers. */
function source() {
  const reads: { answer: (value: string) => Promise<void>; fail: (error: Error) => Promise<void>; signal: AbortSignal }[] = [];
  const read = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      const settled = () => new Promise<void>((done) => setTimeout(done));
      reads.push({
        answer: (value) => (resolve(value), settled()),
        fail: (error) => (reject(error), settled()),
        signal,
      });
    });
  return { reads, read };
}

const changed = (kind: string, cluster?: string, id?: string): Invalidation => ({
  everything: false,
  changes: [{ kind, ...(cluster === undefined ? {} : { cluster }), ...(id === undefined ? {} : { id }) }],
});
const nothing = () => undefined;

test("a query is read for its first observer, and shared", async () => {
  const cache = new QueryCache();
  const { reads, read } = source();
  const seen: string[] = [];
  cache.observe("a", [], read, () => seen.push("one"));
  cache.observe("a", [], read, () => seen.push("two"));
  expect(cache.state("a").status).toBe("loading");
  await reads[0]?.answer("first");
  expect(reads).toHaveLength(1);
  expect(cache.state("a")).toEqual({ status: "ready", data: "first", error: undefined });
  expect(seen).toEqual(["one", "two"]);
});

test("it is made again when its topic has changed, and only then", async () => {
  const cache = new QueryCache();
  const { reads, read } = source();
  cache.observe("a", [{ kind: "service", cluster: "shop" }], read, nothing);
  await reads[0]?.answer("first");
  cache.invalidate(changed("task", "shop"));
  cache.invalidate(changed("service", "other"));
  expect(reads).toHaveLength(1);
  cache.invalidate(changed("service", "shop", "arn"));
  expect(reads).toHaveLength(2);
  expect(cache.state("a").data).toBe("first"); // until there is something newer
  await reads[1]?.answer("second");
  expect(cache.state("a").data).toBe("second");
});

test("what changes while it is made is read once more, however often it changed", async () => {
  const cache = new QueryCache();
  const { reads, read } = source();
  cache.observe("a", [{ kind: "task" }], read, nothing);
  for (let times = 0; times < 5; times += 1) cache.invalidate(changed("task"));
  expect(reads).toHaveLength(1);
  await reads[0]?.answer("old");
  expect(reads).toHaveLength(2);
  await reads[1]?.answer("new");
  expect(reads).toHaveLength(2);
  expect(cache.state("a").data).toBe("new");
});

test("an error leaves what was there, and the next invalidation reads it again", async () => {
  const cache = new QueryCache();
  const { reads, read } = source();
  cache.observe("a", [], read, nothing);
  await reads[0]?.answer("first");
  cache.reload("a");
  await reads[1]?.fail(new Error("away"));
  expect(cache.state("a")).toMatchObject({ status: "failed", data: "first" });
  cache.invalidate({ everything: true });
  await reads[2]?.answer("second");
  expect(cache.state("a")).toMatchObject({ status: "ready", data: "second" });
});

test("what nobody looks at is not read, until somebody does", async () => {
  const cache = new QueryCache();
  const { reads, read } = source();
  const leave = cache.observe("a", [{ kind: "task" }], read, nothing);
  await reads[0]?.answer("first");
  leave();
  cache.invalidate(changed("task"));
  expect(reads).toHaveLength(1);
  cache.observe("a", [{ kind: "task" }], read, nothing);
  expect(reads).toHaveLength(2);
  expect(cache.state("a").data).toBe("first");
});

test("what nobody looks at any more is forgotten when there is much of it", async () => {
  const cache = new QueryCache();
  const { reads, read } = source();
  for (let number = 0; number < 250; number += 1) {
    const leave = cache.observe(`k${number}`, [], read, nothing);
    await reads[number]?.answer("x");
    leave();
  }
  expect(cache.state("k0").status).toBe("loading");
  expect(cache.state("k249").status).toBe("ready");
});

test("a change that does not say of which one concerns all of its kind", () => {
  expect(matches({ kind: "alarm", id: "a" }, { kind: "alarm" })).toBe(true);
  expect(matches({ kind: "task", cluster: "shop", id: "a" }, { kind: "task", cluster: "shop", id: "b" })).toBe(false);
});
