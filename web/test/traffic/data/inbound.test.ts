// What the proxies of services received, by discovery name.

import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { afterEach, expect, test, vi } from "vitest";
import { readFailures } from "../../../src/traffic/data/inbound.ts";
import type { Member } from "../../../src/traffic/model/mesh.ts";

const TARGET = { endpoint: "http://127.0.0.1:4566", scope: { account: "123456789012", region: "us-east-1" }, csrf: "", transport: new FetchHttpHandler() };
const SPAN = { start: 1_795_884_540, end: 1_795_884_720 };

interface Query {
  readonly Id: string;
  readonly Expression: string;
}

afterEach(() => {
  vi.unstubAllGlobals();
});

function web(namespace: string): Member {
  return { workload: { kind: "service", cluster: namespace, service: "web" }, namespace, discoveryNames: ["web"] } as unknown as Member;
}

test("a name of two namespaces has the failures of its own services in each", async () => {
  vi.stubGlobal("fetch", async (request: Request) => {
    const { MetricDataQueries } = (await request.json()) as { MetricDataQueries: Query[] };
    const values = ({ Expression }: Query) => (Expression.includes('ClusterName="dev"') ? [7] : Expression.includes('ClusterName="prod"') ? [1] : [8]);
    const results = MetricDataQueries.map((query) => ({ Id: query.Id, Timestamps: [SPAN.start], Values: values(query), StatusCode: "Complete" }));
    return new Response(JSON.stringify({ MetricDataResults: results }), { headers: { "content-type": "application/x-amz-json-1.0" } });
  });
  const inbound = ["dev", "prod"].map((namespace) => ({ namespace, name: "web", requests: 10, connections: 1, failures: null }));
  const read = await readFailures(TARGET, ["dev", "prod"].map(web), inbound, SPAN, new AbortController().signal);
  expect(read.map(({ failures }) => failures)).toEqual([7, 1]);
});
