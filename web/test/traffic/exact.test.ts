// The console's numbers equal CloudWatch's to the request. The page's own functions compute them from recorded responses of a
// server; the values to compare with come from another operation, minute by minute.

import { GetMetricStatisticsCommand } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { cloudWatch } from "../../src/aws/cloudWatch.ts";
import { type DataPoint, readSeries } from "../../src/aws/series.ts";
import { cloudWatchMetric, edgeDimensions, METRIC_SOURCES } from "../../src/traffic/data/edgeMetrics.ts";
import { readFailures, readInbound } from "../../src/traffic/data/inbound.ts";
import { edgeChartQueries, readTotals } from "../../src/traffic/data/edgeSeries.ts";
import { readMembers } from "../../src/traffic/data/members.ts";
import { mergeMetrics, readCounts, readDetails } from "../../src/traffic/data/readTraffic.ts";
import { buildMesh, enteringEdges, sumEdges } from "../../src/traffic/model/buildMesh.ts";
import { type Edge, type EdgeMetricName, type Member, type Mesh, targetName, workloadId } from "../../src/traffic/model/mesh.ts";
import { recording, type RecordingName, RECORDINGS } from "./recording.ts";

const MINUTE = 60;
const NAMESPACES = { shop: "shop", mesh: "mesh/palette" } as const;
const EDGES: Readonly<Record<RecordingName, readonly string[]>> = {
  shop: [
    "shop: back/cart > ledger = back/ledger tcp",
    "shop: back/cart > stock = back/stock http",
    "shop: web/front > cart = back/cart http",
    "shop: web/front > stock = back/stock http",
  ],
  mesh: [
    "mesh/palette: mesh/palette/virtualGateway/door > blue.palette.local → blue = mesh/palette/virtualNode/blue http",
    "mesh/palette: mesh/palette/virtualNode/front > color.palette.local → blue = mesh/palette/virtualNode/blue http",
    "mesh/palette: mesh/palette/virtualNode/front > color.palette.local → red = mesh/palette/virtualNode/red http",
    "mesh/palette: mesh/palette/virtualNode/front > lines.palette.local → lines = mesh/palette/virtualNode/lines tcp",
  ],
};

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const ys = (points: readonly DataPoint[] | undefined) => (points ?? []).map((point) => point.y);

describe.each(RECORDINGS)("%s", (what) => {
  const { target, fetch, span, save } = recording(what);
  const signal = new AbortController().signal;
  let mesh: Mesh;
  let members: Member[];

  beforeAll(async () => {
    vi.stubGlobal("fetch", fetch);
    members = await readMembers(target, signal);
    const filter = { range: { kind: "between", ...span } as const, namespace: null, members };
    const counts = await readCounts(target, filter, signal);
    const inbound = what === "shop" ? await readFailures(target, members, await readInbound(target, members, counts.span, signal), counts.span, signal) : [];
    mesh = buildMesh(mergeMetrics(counts, await readDetails(target, filter, counts, signal)), members, counts.span, inbound);
  });
  afterAll(save);

  /** CloudWatch's values for one edge, by GetMetricStatistics. */
  async function cloudWatchValues(edge: Edge, metricName: EdgeMetricName): Promise<number[]> {
    vi.stubGlobal("fetch", fetch);
    const { namespace, metric, stat } = cloudWatchMetric(edge, METRIC_SOURCES[metricName]);
    const whole = stat.startsWith("p");
    const answer = await cloudWatch(target).send(
      new GetMetricStatisticsCommand({
        Namespace: namespace,
        MetricName: metric,
        Dimensions: edgeDimensions(edge),
        StartTime: new Date(span.start * 1000),
        EndTime: new Date(span.end * 1000),
        Period: whole ? span.end - span.start : MINUTE,
        ...(whole ? { ExtendedStatistics: [stat] } : { Statistics: ["Sum" as const] }),
      }),
    );
    return (answer.Datapoints ?? []).map((point) => (whole ? point.ExtendedStatistics?.[stat] : point.Sum) ?? NaN);
  }

  test("every edge that there was is there, with who calls whom", () => {
    const texts = mesh.edges.map((edge) => `${edge.namespace ?? ""}: ${workloadId(edge.caller)} > ${targetName(edge)} = ${edge.targets.map(workloadId).join()} ${edge.protocol}`);
    expect(texts.sort()).toEqual(EDGES[what]);
  });

  test("requests, failures and retries are CloudWatch's, to the request", async () => {
    for (const edge of mesh.edges) {
      expect(edge.requests).toBe(sum(await cloudWatchValues(edge, edge.protocol === "tcp" ? "connections" : "requests")));
      expect(edge.failures).toBe(sum(await cloudWatchValues(edge, "failures")));
      expect(edge.retries).toBe(sum(await cloudWatchValues(edge, "retries")));
      expect(edge.requests).toBeGreaterThan(0);
      expect(edge.rate).toBeCloseTo(edge.requests / (span.end - span.start));
    }
    expect(sum(mesh.edges.map((edge) => edge.failures))).toBeGreaterThan(0);
  });

  test("latencies are CloudWatch's over the whole span", async () => {
    for (const edge of mesh.edges) {
      for (const metricName of ["p50", "p95", "p99"] as const) {
        expect(edge[metricName] === null ? [] : [edge[metricName]]).toEqual(await cloudWatchValues(edge, metricName));
      }
    }
    expect(mesh.edges.filter((edge) => edge.p99 !== null)).toHaveLength(3);
  });

  test("the strip and an edge's charts add up to the same requests", async () => {
    vi.stubGlobal("fetch", fetch);
    const sums = sumEdges(enteringEdges(mesh.edges), mesh.span);
    for (const namespace of [null, NAMESPACES[what]]) {
      const totals = await readTotals(target, { namespace, members, span, period: MINUTE }, [], signal);
      expect(sum(ys(totals.requests))).toBe(sums.requests);
      expect(sum(ys(totals.failures))).toBe(sums.failures);
    }
    for (const edge of mesh.edges) {
      const { traffic, codes } = edgeChartQueries(edge, edge.protocol === "tcp");
      const [requests, failures, ...answers] = await readSeries(target, [...traffic, ...codes], span, MINUTE, signal);
      expect(sum(ys(requests?.points))).toBe(edge.requests);
      expect(sum(ys(failures?.points))).toBe(edge.failures);
      if (edge.protocol === "http") expect(sum(answers.flatMap(({ points }) => ys(points)))).toBeGreaterThanOrEqual(edge.requests);
    }
  });
});
