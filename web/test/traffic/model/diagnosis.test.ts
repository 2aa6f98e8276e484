// The answers about failures that come from metrics alone.

import { expect, test } from "vitest";
import { affectedCallers, failedCodes, failingSince } from "../../../src/traffic/model/diagnosis.ts";
import type { Edge, Workload } from "../../../src/traffic/model/mesh.ts";

const points = (...ys: number[]) => ys.map((y, minute) => ({ x: new Date(minute * 60_000), y }));
const steady = points(...Array.from({ length: 8 }, () => 100));

test.each([
  ["the latest run", [9, 0, 0, 0, 0, 5, 5, 5], 5],
  ["a run with one good period in it", [0, 0, 4, 0, 4, 4, 4, 4], 2],
  ["a run that is over", [0, 3, 3, 0, 0, 0, 0, 0], 1],
])("%s of failures began when it did", (_, failures, minute) => {
  expect(failingSince(steady, points(...failures))).toEqual(new Date(minute * 60_000));
});

test("without failures there is no beginning", () => {
  expect(failingSince(steady, points(0, 0))).toBeNull();
  expect(failingSince(points(100_000, 100_000), points(0, 1))).toBeNull(); // too few to be a run
});

test("status codes before and after the time range are not counted", () => {
  const series = [{ label: "2XX", points: steady }, { label: "4XX", points: points(5, 0, 0, 0) }, { label: "5XX", points: points(1, 2, 4, 8) }];
  expect(failedCodes(series, { start: 60, end: 180 })).toEqual([{ code: "5XX", count: 6 }]);
});

const workload = (service: string): Workload => ({ kind: "service", cluster: "c", service });
const edge = (caller: string, target: string) => ({ caller: workload(caller), target, targets: [workload(target)] }) as unknown as Edge;

test("affected are the caller and whoever reaches it, also in a ring", () => {
  const edges = [edge("front", "cart"), edge("outside", "front"), edge("cart", "stock"), edge("stock", "cart"), edge("other", "prices")];
  expect(affectedCallers(edges, edge("cart", "stock")).map(({ service }) => service)).toEqual(["cart", "front", "stock", "outside"]);
});
