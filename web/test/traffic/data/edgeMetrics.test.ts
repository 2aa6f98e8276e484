import type { Metric } from "@aws-sdk/client-cloudwatch";
import { expect, test } from "vitest";
import { cloudWatchMetric, edgeDimensions, edgesByMetric, METRIC_SOURCES, sourcesOf } from "../../../src/traffic/data/edgeMetrics.ts";
import { edgeId } from "../../../src/traffic/model/mesh.ts";

const CONNECT = { ClusterName: "web", ServiceName: "front", TargetDiscoveryName: "cart" };
const MESHED = { Mesh: "shop", VirtualNode: "front", TargetVirtualService: "color.local", TargetVirtualNode: "red" };
const listed = (Namespace: string, MetricName: string, dimensions: Readonly<Record<string, string>>): Metric => ({
  ...{ Namespace, MetricName, Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })) },
});
const ids = (metrics: readonly Metric[], name: "requests" | "failures" | "p99" = "requests") => edgesByMetric(metrics).get(name)?.map(edgeId);

test("the edges of Service Connect and of App Mesh are told apart by their dimensions, which lead back to the metrics", () => {
  const { VirtualNode, ...others } = MESHED;
  const all = [CONNECT, MESHED, { ...others, VirtualGateway: VirtualNode }];
  const edges = edgesByMetric(all.map((one) => listed("any", "TargetRequestCount", one))).get("requests") ?? [];
  expect(edges.map(edgeId)).toEqual(["web/front>cart", "mesh/shop/virtualNode/front>color.local>red", "mesh/shop/virtualGateway/front>color.local>red"]);
  expect(edges.map((key) => Object.fromEntries(edgeDimensions(key).map(({ Name, Value }) => [Name ?? "", Value ?? ""])))).toEqual(all);
});

test("what is counted of a task, a discovery name, a route or a listener alone is no edge", () => {
  const others = [{ ...CONNECT, TaskId: "1" }, { TargetDiscoveryName: "cart" }, { Mesh: "shop", VirtualNode: "front" }, { ...MESHED, TargetVirtualNode: "" }];
  expect(ids(others.map((one) => listed("any", "TargetRequestCount", one)))).toEqual([]);
});

test("what is requested is timed, by the names that AWS had, in the namespace that the mesh's tag says last", () => {
  const counts = [listed("Moyai/ServiceConnect", "TargetRequestCount", CONNECT), listed("Moyai/AppMesh", "TargetRequestCount", MESHED)];
  const times = (more: readonly Metric[]) => edgesByMetric([...counts, ...more]).get("p99")?.map((key) => cloudWatchMetric(key, METRIC_SOURCES.p99));
  const plain = { namespace: "AWS/ECS", metric: "TargetResponseTime", stat: "p99" };
  const extension = { namespace: "Moyai/AppMesh", metric: "envoy.appmesh.TargetResponseTime", stat: "p99" };
  expect(times([])).toEqual([plain, extension]);
  const [before, after] = ["Moyai/AppMesh", "Palette"].map((namespace) => listed(namespace, extension.metric, MESHED)) as [Metric, Metric];
  expect(times([after, before])).toEqual([plain, { ...extension, namespace: "Palette" }]);
});

test("a metric is read for the edges that have it", () => {
  expect(ids([listed("Moyai/AppMesh", "TargetRequestCount", MESHED)], "failures")).toEqual([]);
});

test("an edge of a load balancer leads to a target group, and is listed once, not again for each zone", () => {
  const dimensions = { LoadBalancer: "app/web/01", TargetGroup: "targetgroup/front/02" };
  const edges = edgesByMetric([
    listed("AWS/ApplicationELB", "RequestCount", dimensions),
    listed("AWS/ApplicationELB", "RequestCount", { ...dimensions, AvailabilityZone: "us-east-1a" }),
    listed("AWS/ApplicationELB", "RequestCount", { LoadBalancer: "app/web/01" }),
    listed("AWS/NetworkELB", "NewFlowCount", { LoadBalancer: "net/edge/03" }),
  ]);
  expect(edges.get("requests")?.map(edgeId)).toEqual(["elb/app/web/01>targetgroup/front/02"]);
  expect(edges.get("connections")?.map(edgeId)).toEqual(["elb/net/edge/03>net/edge/03"]);
  const [key] = edges.get("failures") ?? [];
  if (!key) throw new Error("there is no edge");
  expect(sourcesOf(key, "failures").map(({ metric }) => metric)).toEqual(["HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount"]);
  expect(sourcesOf(key, "retries")).toEqual([]);
  expect(edgeDimensions(key)).toEqual([{ Name: "TargetGroup", Value: dimensions.TargetGroup }, { Name: "LoadBalancer", Value: dimensions.LoadBalancer }]);
});
