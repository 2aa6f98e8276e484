import { expect, test } from "vitest";
import { labelForms } from "../../../src/traffic/canvas/drawLabels.ts";
import { buildScene, highlightOf, hitTest } from "../../../src/traffic/canvas/scene.ts";
import { APP_MESH } from "../../../src/traffic/data/edgeMetrics.ts";
import { meshMember } from "../../../src/traffic/data/members.ts";
import { pathPoints } from "../../../src/traffic/layout/geometry.ts";
import { computeLayout } from "../../../src/traffic/layout/layout.ts";
import { buildMesh, enteringEdges, membersIn, sumEdges } from "../../../src/traffic/model/buildMesh.ts";
import { formatPercent, formatRate } from "../../../src/traffic/model/format.ts";
import { buildGraph, neighborhood } from "../../../src/traffic/model/graph.ts";
import { edgeId, type EdgeKey, type EdgeMetrics, loadBalancerWorkload, type Member, SERVICE_CONNECT, type Workload } from "../../../src/traffic/model/mesh.ts";

const member = (cluster: string, service: string, namespace: string, ...discoveryNames: string[]): Member => ({
  workload: { kind: "service", cluster, service },
  ...{ namespace, discoveryNames, deploying: service === "cart", running: 1, desired: 1, subnets: [`subnet-${cluster}`] },
});
const MEMBERS = [
  member("web", "front", "shop"),
  member("web", "cart", "shop", "cart"),
  member("data", "stock", "shop", "stock"),
  member("pay", "gate", "payments"),
  member("pay", "cart", "payments", "cart"),
];
const called = (caller: string, target: string): EdgeKey => {
  const [cluster = "", service = ""] = caller.split("/");
  return { caller: { kind: "service", cluster, service }, target, metricNamespaces: SERVICE_CONNECT };
};
const within = (kind: Workload["kind"], service: string): Workload => ({ kind, cluster: "shop", service });
const meshed = (caller: Workload, node: string): EdgeKey => ({ caller, target: "color.local", node: within("virtualNode", node), metricNamespaces: APP_MESH });
const byEdge = (metrics: readonly EdgeMetrics[]) => new Map(metrics.map((edge) => [edgeId(edge.key), edge]));
const METRICS = byEdge([
  { key: called("web/front", "cart"), requests: 6000, p50: 3, p95: 9, p99: 20 },
  { key: called("web/cart", "stock"), requests: 600, failures: 30, ejected: 1, p50: 3, p95: 9, p99: 20 },
  { key: called("pay/gate", "cart"), requests: 60 },
  { key: called("web/old", "stock"), requests: 6 },
  { key: called("web/front", "vanished"), requests: 1 },
]);
const MESH = buildMesh(METRICS, MEMBERS, { start: 1_700_000_040, end: 1_700_000_100 });
const GRAPH = buildGraph(MESH, "service");

test("one name in two namespaces is two services, each called by its own", () => {
  const ends = GRAPH.lines.map((line) => `${line.from} > ${line.to}`);
  expect(ends).toContain("web/front > web/cart");
  expect(ends).toContain("pay/gate > pay/cart");
});

test("where services are in several VPCs, each says in which", () => {
  const subtitles = (vpcs: [string, string][]) => buildGraph(MESH, "service", new Map(vpcs)).boxes.map((box) => `${box.title}: ${box.subtitle}`);
  expect(subtitles([["subnet-web", "main"], ["subnet-data", "main"]])).toContain("stock: data");
  const several = subtitles([["subnet-web", "main"], ["subnet-data", "vault"]]);
  expect(several).toContain("stock: data · vault");
  expect(several).toContain("front: web · main");
  expect(several).toContain("gate: pay");
});

test("a caller that is gone, and a name that nobody offers, are boxes of their own", () => {
  expect(GRAPH.boxes.find((box) => box.id === "web/old")).toMatchObject({ kind: "unknown", namespace: "shop" });
  expect(GRAPH.boxes.find((box) => box.title === "vanished")).toMatchObject({ kind: "unknown", namespace: "shop" });
});

test("clusters stand for their services, and a line between two adds up what is between those", () => {
  const clusters = buildGraph(MESH, "cluster");
  const line = clusters.lines.find((one) => one.from === "shop|web" && one.to === "shop|data");
  expect(line).toMatchObject({ rate: 10.1, tone: "bad", ejected: 1, deploying: true, p99: 20 });
  expect(line?.edges).toHaveLength(2);
  expect(clusters.boxes.map((box) => box.id).sort()).toContain("payments|pay");
});

test("two edges between the same boxes are one line, which adds them up", () => {
  const twice = byEdge([{ key: called("web/front", "cart"), requests: 60 }, { key: called("web/front", "basket"), requests: 120 }]);
  const members = MEMBERS.map((one) => (one.workload.service === "cart" && one.namespace === "shop" ? { ...one, discoveryNames: ["cart", "basket"] } : one));
  const { lines } = buildGraph(buildMesh(twice, members, MESH.span), "service");
  expect(lines).toMatchObject([{ id: "web/front>web/cart", rate: 3 }]);
  expect(lines[0]?.edges).toHaveLength(2);
});

test("a box has the rate, the success and the tasks of its service", () => {
  expect(GRAPH.boxes.find((box) => box.id === "data/stock")).toMatchObject({ rate: 10.1, tone: "bad", tasks: "1/1", isImpaired: false });
  expect(GRAPH.boxes.find((box) => box.id === "web/front")).toMatchObject({ rate: null, success: null });
});

test("a request is counted once: where it enters", () => {
  expect(sumEdges(enteringEdges(MESH.edges), MESH.span).requests).toBe(6000 + 60 + 6 + 1);
  const ring = [{ caller: within("service", "a"), targets: [within("service", "b")] }, { caller: within("service", "b"), targets: [within("service", "a")] }];
  expect(enteringEdges(ring)).toEqual(ring);
});

test("callers outside are a box, with the traffic that no known caller sent", () => {
  const inbound = [
    { namespace: "shop", name: "cart", requests: 9000, connections: 10, failures: 300 },
    { namespace: "shop", name: "stock", requests: 620, connections: 5, failures: 30 }, // proxies report at different times
  ];
  const mesh = buildMesh(METRICS, MEMBERS, MESH.span, inbound);
  const [outside, ...others] = mesh.edges.filter(({ caller }) => caller.kind === "outside");
  expect(others).toEqual([]);
  expect(outside).toMatchObject({ target: "cart", requests: 3000, rate: 50, success: 0.9, targets: [{ service: "cart" }] });
  const { boxes, lines } = buildGraph(mesh, "service");
  expect(boxes.find(({ kind }) => kind === "outside")).toMatchObject({ id: "outside/shop", namespace: "shop", rate: 50 });
  expect(lines.find(({ from }) => from === "outside/shop")).toMatchObject({ to: "web/cart", rate: 50 });
});

test("what a load balancer sent, and its health checks, are not from outside", () => {
  const group = "targetgroup/cart/02";
  const workload = loadBalancerWorkload("app/edge/01");
  const namespaces = { own: "AWS/ApplicationELB", aws: "AWS/ApplicationELB", prefix: "" };
  const edge: EdgeMetrics = { key: { caller: workload, target: group, metricNamespaces: namespaces }, requests: 3000 };
  const members = MEMBERS.map((one) => (one.workload.service === "cart" && one.namespace === "shop" ? { ...one, targetGroups: [group] } : one));
  const outsideOf = (requests: number) =>
    buildMesh(byEdge([edge]), members, MESH.span, [{ namespace: "shop", name: "cart", requests, connections: 1, failures: 0 }]).edges.filter(({ caller }) => caller.kind === "outside");
  expect(outsideOf(3020)).toEqual([]);
  expect(outsideOf(20)).toEqual([]);
  expect(outsideOf(6000)).toMatchObject([{ requests: 3000, success: 1 }]);
});

test("what a load balancer sent to a service of another cluster with the same name is not subtracted", () => {
  const group = "targetgroup/cart/02";
  const namespaces = { own: "AWS/ApplicationELB", aws: "AWS/ApplicationELB", prefix: "" };
  const edge: EdgeMetrics = { key: { caller: loadBalancerWorkload("app/edge/01"), target: group, metricNamespaces: namespaces }, requests: 3000 };
  const members = MEMBERS.map((one) => (one.workload.cluster === "pay" && one.workload.service === "cart" ? { ...one, targetGroups: [group] } : one));
  const inbound = [{ namespace: "shop", name: "cart", requests: 3000, connections: 1, failures: 0 }];
  const outside = buildMesh(byEdge([edge]), members, MESH.span, inbound).edges.filter(({ caller }) => caller.kind === "outside");
  expect(outside).toMatchObject([{ requests: 3000 }]);
});

test("what is around a service is what it reaches and what reaches it, not what those reach besides", () => {
  expect(neighborhood(GRAPH, "data/stock", 1).boxes.map((box) => box.id).sort()).toEqual(["data/stock", "web/cart", "web/old"]);
  expect(neighborhood(GRAPH, "data/stock", 2).boxes.map((box) => box.id)).toContain("web/front");
});

test("a pointer finds boxes and lines where they are drawn, and nothing beside them", () => {
  const scene = buildScene(GRAPH, computeLayout(GRAPH));
  expect(scene.lines).toHaveLength(GRAPH.lines.length);
  for (const { box, x, y } of scene.boxes) expect(hitTest(scene, { x: x + 5, y: y + 5 }, 4)).toEqual({ kind: "box", id: box.id });
  for (const { line, path } of scene.lines) {
    const points = pathPoints(path, 8);
    const { x = 0, y = 0 } = points[Math.floor(points.length / 2)] ?? {};
    expect(hitTest(scene, { x, y: y + 2 }, 4)?.kind).toBeDefined();
    expect(highlightOf(scene, [{ kind: "line", id: line.id }])?.boxes).toEqual(new Set([line.from, line.to]));
  }
  expect(hitTest(scene, { x: -50, y: -50 }, 4)).toBeNull();
  expect(highlightOf(scene, [null, null])).toBeNull();
});

test("a line that is wrong has a sign as well as a colour", () => {
  const texts = { frames: {}, names: {}, kinds: {}, locale: "en" };
  const line = GRAPH.lines.find((one) => one.id === "web/cart>stock");
  expect(line && labelForms(line, texts)).toEqual([["10/s 95 % !! ⊘ 1", "3 / 9 / 20 ms"], ["10/s 95 % !! ⊘ 1"], ["95 % !! ⊘ 1"]]);
});

test("a share is never rounded up, and a rate keeps what matters of it", () => {
  expect(formatPercent(0.999999, "en")).toBe("99.99 %");
  expect(formatPercent(1, "en")).toBe("100 %");
  expect([0.123, 12.34, 1234.5].map((rate) => formatRate(rate, "en"))).toEqual(["0.12/s", "12.3/s", "1,235/s"]);
});

const IN_MESH = [meshMember("shop", "virtualGateway", "front"), meshMember("shop", "virtualNode", "front"), meshMember("shop", "virtualNode", "red")];
const CALLS = [
  { key: meshed(within("virtualGateway", "front"), "red"), requests: 3 },
  { key: meshed(within("virtualNode", "front"), "red"), requests: 6 },
  { key: meshed(within("virtualNode", "front"), "gone"), requests: 1 },
];

test("a mesh is drawn beside a namespace of its name, a gateway and a node of one name apart", () => {
  const { boxes, lines } = buildGraph(buildMesh(byEdge([...METRICS.values(), ...CALLS]), [...MEMBERS, ...IN_MESH], MESH.span), "service");
  const mesh = boxes.filter((box) => box.namespace === "mesh/shop");
  expect(mesh.map((box) => `${box.id} ${box.kind}: ${box.subtitle}/${box.title}`)).toEqual([
    "mesh/shop/virtualGateway/front virtualGateway: shop/front",
    "mesh/shop/virtualNode/front virtualNode: shop/front",
    "mesh/shop/virtualNode/red virtualNode: shop/red",
    "mesh/shop/virtualNode/gone unknown: shop/gone",
  ]);
  expect(lines.map((line) => line.id)).toContain("mesh/shop/virtualGateway/front>color.local>red");
  expect(lines).toHaveLength(GRAPH.lines.length + CALLS.length);
  expect(boxes.filter((box) => box.namespace === "shop")).toEqual(GRAPH.boxes.filter((box) => box.namespace === "shop"));
});

test("where clusters stand for services, virtual nodes stand for themselves", () => {
  const { boxes } = buildGraph(buildMesh(byEdge(CALLS), IN_MESH, MESH.span), "cluster");
  expect(boxes.map((box) => box.kind)).toEqual(["virtualGateway", "virtualNode", "virtualNode", "unknown"]);
});

test("the map begins at the load balancer, in the frame of the services that it reaches", () => {
  const [group, namespaces] = ["targetgroup/front/02", { own: "AWS/ApplicationELB", aws: "AWS/ApplicationELB", prefix: "" }];
  const workload = loadBalancerWorkload("app/edge/01");
  const balancer: Member = { workload, namespace: "shop", discoveryNames: [], targetGroups: [group], deploying: false, running: 0, desired: 0, subnets: [] };
  const members = [balancer, ...MEMBERS.map((one) => (one.workload.service === "front" ? { ...one, targetGroups: [group] } : one))];
  const edge: EdgeMetrics = { key: { caller: workload, target: group, metricNamespaces: namespaces }, requests: 120, failures: 12 };
  const { boxes, lines } = buildGraph(buildMesh(byEdge([...METRICS.values(), edge]), members, MESH.span), "service");
  expect(boxes.find((box) => box.id === "elb/app/edge/01")).toMatchObject({ kind: "loadBalancer", title: "edge", namespace: "shop" });
  expect(lines.find((line) => line.from === "elb/app/edge/01")).toMatchObject({ to: "web/front", rate: 2, success: 0.9 });
  expect(membersIn(members, "shop")).toContain(balancer);
  expect(membersIn(members, "payments")).not.toContain(balancer);
});
