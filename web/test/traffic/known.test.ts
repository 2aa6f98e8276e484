import { expect, test } from "vitest";
import { dimensionsOf, knownOf, type Listed, sourceOf, SOURCES } from "../../src/traffic/known.ts";
import { edgeId } from "../../src/traffic/values.ts";

const CONNECT = { ClusterName: "web", ServiceName: "front", TargetDiscoveryName: "cart" };
const MESHED = { Mesh: "shop", VirtualNode: "front", TargetVirtualService: "color.local", TargetVirtualNode: "red" };
const listed = (namespace: string, name: string, dimensions: Listed["dimensions"]): Listed => ({ namespace, name, dimensions });
const ids = (found: readonly Listed[], figure: "requests" | "failures" | "p99" = "requests") => knownOf(found).get(figure)?.map(edgeId);

test("the edges of Service Connect and of App Mesh are told apart by their dimensions, which lead back to the metrics", () => {
  const { VirtualNode, ...others } = MESHED;
  const all = [CONNECT, MESHED, { ...others, VirtualGateway: VirtualNode }];
  const known = knownOf(all.map((one) => listed("any", "TargetRequestCount", one))).get("requests") ?? [];
  expect(known.map(edgeId)).toEqual(["web/front>cart", "mesh/shop/virtualNode/front>color.local>red", "mesh/shop/virtualGateway/front>color.local>red"]);
  expect(known.map((key) => Object.fromEntries(dimensionsOf(key).map(({ Name, Value }) => [Name, Value])))).toEqual(all);
});

test("what is counted of a task, a discovery name, a route or a listener alone is no edge", () => {
  const others = [{ ...CONNECT, TaskId: "1" }, { TargetDiscoveryName: "cart" }, { Mesh: "shop", VirtualNode: "front" }, { ...MESHED, TargetVirtualNode: "" }];
  expect(ids(others.map((one) => listed("any", "TargetRequestCount", one)))).toEqual([]);
});

test("what is requested is timed, by the names that AWS had, in the namespace that the mesh's tag says last", () => {
  const found = [listed("Moyai/ServiceConnect", "TargetRequestCount", CONNECT), listed("Moyai/AppMesh", "TargetRequestCount", MESHED)];
  const times = (more: readonly Listed[]) => knownOf([...found, ...more]).get("p99")?.map((key) => sourceOf(key, SOURCES.p99));
  const plain = { namespace: "AWS/ECS", metric: "TargetResponseTime", stat: "p99" };
  const extension = { namespace: "Moyai/AppMesh", metric: "envoy.appmesh.TargetResponseTime", stat: "p99" };
  expect(times([])).toEqual([plain, extension]);
  const [before, after] = ["Moyai/AppMesh", "Palette"].map((namespace) => listed(namespace, extension.metric, MESHED)) as [Listed, Listed];
  expect(times([after, before])).toEqual([plain, { ...extension, namespace: "Palette" }]);
});

test("a figure is asked for of the edges that have it", () => {
  expect(ids([listed("Moyai/AppMesh", "TargetRequestCount", MESHED)], "failures")).toEqual([]);
});
