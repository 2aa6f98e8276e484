// The order of the requests that change tags.

import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { expect, test, vi } from "vitest";
import { tagElbResource } from "../../src/aws/elb.ts";
import { type Tags, tagChanges } from "../../src/aws/tags.ts";

const ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/site/0123456789abcdef";
const tags = (from: number, to: number): Tags => Array.from({ length: to - from }, (_, number) => ({ key: `k${String(from + number)}`, value: "v" }));

/** The requests that turn tags into others: their operation and keys. */
async function requestsOf(before: Tags, after: Tags): Promise<[string | null, string[]][]> {
  const requests: [string | null, string[]][] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const form = new URLSearchParams(await request.text());
    const keys = [...form].filter(([name]) => /^(?:Tags\.member\.\d+\.Key|TagKeys\.member\.\d+)$/.test(name)).map(([, key]) => key);
    requests.push([form.get("Action"), keys]);
    return new Response(`<${String(form.get("Action"))}Response/>`, { headers: { "content-type": "text/xml" } });
  });
  const scope = { account: "123456789012", region: "us-east-1" };
  await tagElbResource({ endpoint: "http://console.test/console/api", scope, csrf: "token", transport: new FetchHttpHandler() }, ARN, before, after);
  return requests;
}

test("only tags that differ are set, and missing ones removed", () => {
  const before = [{ key: "team", value: "shop" }, { key: "stage", value: "test" }, { key: "old", value: "" }];
  const after = [{ key: "team", value: "shop" }, { key: "stage", value: "live" }, { key: "new", value: "" }];
  expect(tagChanges(before, after)).toEqual({ put: [{ key: "stage", value: "live" }, { key: "new", value: "" }], remove: ["old"] });
});

test("tags of a load balancer are added before others are removed", async () => {
  expect(await requestsOf(tags(0, 2), tags(1, 3))).toEqual([["AddTags", ["k2"]], ["RemoveTags", ["k0"]]]);
  expect(await requestsOf(tags(0, 2), tags(0, 2))).toEqual([]);
});

test("a tag of a load balancer at the limit of 50 is replaced", async () => {
  expect(await requestsOf(tags(0, 50), tags(1, 51))).toEqual([["RemoveTags", ["k0"]], ["AddTags", ["k50"]]]);
  expect(await requestsOf(tags(0, 49), tags(1, 50))).toEqual([["AddTags", ["k49"]], ["RemoveTags", ["k0"]]]);
});
