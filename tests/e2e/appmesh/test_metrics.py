"""The counts of App Mesh's proxies are exact to the request: in CloudWatch as the metric extension named it, and in
Prometheus, by virtual node, virtual service, route and gateway route; a kill of the control plane is among it.

Also what howto-metrics-extension-ecs tells its readers to see, and the tags on a proxy's own page.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import httpx
import pytest

from tests.e2e.appmesh.stage import Bastion, Stage, listener, to
from tests.e2e.installation import Installation
from tests.e2e.stack import app
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

MESH = "counted"
RED = {"color": "red"}
OWN = "Moyai/AppMesh"
Answers = Counter[tuple[str, str, str]]
"""By the virtual node that answered, the class of the status, and the route."""


class Mesh(NamedTuple):
    server: Installation
    stage: Stage
    front: Bastion
    outside: Bastion
    url: str


class RequestCounts(NamedTuple):
    """The counts of front's requests in CloudWatch or Prometheus: by node and class of status, and by route."""

    answers: Counter[tuple[str, str]]
    routes: Counter[str]
    requests: Counter[str]


@pytest.fixture(scope="module")
def mesh(make_installation: Callable[[], Installation]) -> Mesh:
    server = make_installation()
    server.up()
    stage = Stage(server, MESH)
    for name in ("red", "blue"):
        stage.node(name, listener())
        stage.colour(name, 8080)
    stage.router("color", {"port": 8080, "protocol": "http"})
    by_header = {"prefix": "/", "headers": [{"name": "color", "match": {"exact": "red"}}]}
    stage.route("color", "by-header", priority=1, httpRoute={"match": by_header, "action": to("red")})
    stage.route("color", "rest", priority=2, httpRoute={"match": {"prefix": "/"}, "action": to("red", "blue")})
    stage.service("color", router="color")
    for name, port, protocol in (("lines", 7000, "tcp"), ("rpc", 50051, "grpc")):
        stage.node(name, listener(port, protocol))
        stage.deploy(name, app(name, port), port)
        stage.service(name, node=name)
    stage.gateway("edge", listener())
    stage.gateway_route("edge", "everything", "color", prefix="/")
    stage.deploy_gateway("edge", 8080)
    front, outside = stage.client("front", "color", "lines", "rpc"), stage.bastion()
    stage.cluster.steady("red", "blue", "lines", "rpc", "edge")
    return Mesh(server, stage, front, outside, f"http://color.{stage.domain}:8080/")


@pytest.fixture(scope="module")
def sent_requests(mesh: Mesh) -> Answers:
    """The requests that front sent, with their answers, before and after a kill."""
    answers: Answers = Counter()

    def ask(url: str, **more: Any) -> bool:
        answer = mesh.front.get(url, **more)
        if "status" not in answer:  # it could not be sent
            return False
        node = "red" if more else answer["text"]
        answers[node, f"{answer['status'] // 100}xx", "by-header" if more else "rest"] += 1
        return bool(answer["status"] == 200)

    eventually(lambda: ask(mesh.url, headers=RED), "the name is known")
    for status, times in ((500, 5), (404, 4)):
        ask(f"{mesh.url}fault/{status}/{times}", method="POST", headers=RED)
        for _ in range(times + 2):
            ask(mesh.url, headers=RED)
    ask(f"{mesh.url}fault/503/1", method="POST", headers=RED)
    ask(mesh.url, headers=RED)  # comes to 200, at the second attempt
    mesh.server.kill()
    for _ in range(10):
        ask(mesh.url)
    mesh.server.up()
    for _ in range(20):
        ask(mesh.url)
    return answers


@pytest.fixture(scope="module")
def through_the_gateway(mesh: Mesh) -> int:
    """How many requests came through the gateway."""
    name = mesh.stage.fqdn("edge")  # only the control plane knows it, which may just have come up again
    eventually(lambda: "status" in mesh.outside.get(f"http://{name}:9901/ready"), "the gateway's name is known")
    for _ in range(7):
        assert mesh.outside.get(f"http://{name}:8080/", headers=RED)["text"] == "red"
    return 7


def total(mesh: Mesh, namespace: str, name: str, statistic: str = "Sum", **dimensions: str) -> float:
    """The last half hour's."""
    now = datetime.now(UTC)
    points = mesh.server.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in ({"Mesh": MESH} | dimensions).items()],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=2),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return float(sum(point[statistic] for point in points))


def extension(mesh: Mesh, name: str, statistic: str = "Sum", **dimensions: str) -> float:
    """One of the metric extension's."""
    return total(mesh, OWN, f"envoy.appmesh.{name}", statistic, **dimensions)


def by_cloudwatch(mesh: Mesh) -> RequestCounts:
    """The counts of front's requests in CloudWatch."""
    service = mesh.stage.fqdn("color")
    answers: Counter[tuple[str, str]] = Counter()
    requests: Counter[str] = Counter()
    for node in ("red", "blue"):
        dimensions = {"VirtualNode": "front", "TargetVirtualService": service, "TargetVirtualNode": node}
        for cls in ("2XX", "3XX", "4XX", "5XX"):
            answers[node, cls.lower()] = int(extension(mesh, f"HTTPCode_Target_{cls}_Count", **dimensions))
        requests[node] = int(extension(mesh, "RequestCountPerTarget", **dimensions))
    routes = {
        route: int(
            total(mesh, OWN, "RouteRequestCount", VirtualNode="front", TargetVirtualService=service, Route=route)
        )
        for route in ("by-header", "rest")
    }
    return RequestCounts(+answers, Counter(routes), requests)


def by_prometheus(mesh: Mesh) -> RequestCounts:
    """The same, as it is scraped."""
    answers: Counter[tuple[str, str]] = Counter()
    routes: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for name, labels, value in scrape(mesh):
        if labels.get("virtual_node") != "front":
            continue
        if name == "moyai_appmesh_responses_total":
            answers[labels["target_virtual_node"], labels["code_class"]] = value
        elif name == "moyai_appmesh_requests_total":
            requests[labels["target_virtual_node"]] = value
        elif name == "moyai_appmesh_route_requests_total":
            routes[labels["route"]] = value
    return RequestCounts(+answers, routes, requests)


def scrape(mesh: Mesh) -> list[tuple[str, dict[str, str], int]]:
    """Counters of App Mesh."""
    text = httpx.get(f"{mesh.server.url}/metrics/mesh", trust_env=False).text
    matches = re.findall(r"^(moyai_appmesh_\w+_total){(.*)} (\d+)$", text, re.MULTILINE)
    return [(name, dict(re.findall(r'(\w+)="([^"]*)"', labels)), int(value)) for name, labels, value in matches]


def expected_counts(sent: Answers) -> RequestCounts:
    """The counts that CloudWatch and Prometheus should have."""
    answers: Counter[tuple[str, str]] = Counter()
    routes: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    for (node, cls, route), count in sent.items():
        answers[node, cls] += count
        routes[route] += count
        requests[node] += count
    return RequestCounts(answers, routes, requests)


@pytest.mark.heavy
def test_cloudwatch_counts_every_request(mesh, sent_requests):
    assert {cls for _, cls, _ in sent_requests} == {"2xx", "4xx", "5xx"}
    assert {node for node, _, _ in sent_requests} == {"red", "blue"}
    eventually(
        lambda: by_cloudwatch(mesh) == expected_counts(sent_requests),
        f"all is counted: {expected_counts(sent_requests)}",
    )
    assert by_cloudwatch(mesh) == expected_counts(sent_requests)


@pytest.mark.heavy
def test_prometheus_counts_every_request(mesh, sent_requests):
    eventually(
        lambda: by_prometheus(mesh) == expected_counts(sent_requests),
        f"all is counted: {expected_counts(sent_requests)}",
    )
    assert by_prometheus(mesh) == expected_counts(sent_requests)


def test_the_mesh_command_has_an_edge_for_each_virtual_node(mesh, sent_requests, through_the_gateway):
    edges: list[dict[str, Any]] = []

    def all_are_counted() -> bool:  # the gateway's proxy exports what it counted every few seconds
        output = mesh.server.moyai("mesh", "--json", "--service", mesh.stage.fqdn("color"), "--since", "1h")
        edges[:] = json.loads(output)["edges"]
        return bool(sum(edge["requests"] for edge in edges) >= sent_requests.total() + through_the_gateway)

    eventually(all_are_counted, "all requests are in the map")
    assert {edge["namespace"] for edge in edges} == {MESH}
    assert {(edge["caller"]["service"], edge["target"], edge["targets"][0]["service"]) for edge in edges} == {
        ("front", mesh.stage.fqdn("color"), "red"),
        ("front", mesh.stage.fqdn("color"), "blue"),
        ("edge", mesh.stage.fqdn("color"), "red"),
    }
    by_front = {edge["targets"][0]["service"]: edge for edge in edges if edge["caller"]["service"] == "front"}
    assert {node: edge["requests"] for node, edge in by_front.items()} == expected_counts(sent_requests).requests
    assert by_front["red"]["failures"] == expected_counts(sent_requests).answers["red", "5xx"]
    assert by_front["red"]["retries"] == 1
    assert by_front["red"]["p99"] > 0
    assert sum(edge["requests"] for edge in edges) == sent_requests.total() + through_the_gateway


def test_new_connections_equal_requests_and_retries(mesh, sent_requests, through_the_gateway):
    attempts = {
        "red": expected_counts(sent_requests).requests["red"] + 1 + through_the_gateway,
        "blue": expected_counts(sent_requests).requests["blue"],
    }
    for node, count in attempts.items():
        eventually(partial(has_got, mesh, node, count), f"{node} got {count}")
        assert extension(mesh, "NewConnectionCount", VirtualNode=node) > 0
        assert extension(mesh, "ProcessedBytes", VirtualNode=node) > 0
    to_red = {"TargetVirtualService": mesh.stage.fqdn("color"), "TargetVirtualNode": "red"}
    assert total(mesh, OWN, "RetryCount", VirtualNode="front", **to_red) == 1
    assert extension(mesh, "TargetProcessedBytes", VirtualNode="front", **to_red) > 0
    assert extension(mesh, "TargetResponseTime", "SampleCount", VirtualNode="front", **to_red) >= 1


def test_tcp_connections_and_grpc_calls_have_their_own_metrics(mesh):
    stage, front = mesh.stage, mesh.front
    for _ in range(3):
        assert front.ask("lines", host=stage.fqdn("lines"), port=7000, line="hello")["text"]
    for _ in range(4):
        assert front.ask("say", target=f"{stage.fqdn('rpc')}:50051", text="hello")["text"]
    to_lines = {"VirtualNode": "front", "TargetVirtualService": stage.fqdn("lines"), "TargetVirtualNode": "lines"}
    to_rpc = {"VirtualNode": "front", "TargetVirtualService": stage.fqdn("rpc"), "TargetVirtualNode": "rpc"}
    eventually(lambda: total(mesh, OWN, "TargetConnectionCount", **to_lines) == 3, "three connections are counted")
    eventually(lambda: extension(mesh, "NewConnectionCount", VirtualNode="lines") == 3, "and have come in")
    eventually(lambda: extension(mesh, "RequestCountPerTarget", **to_rpc) == 4, "four calls are counted")
    eventually(lambda: extension(mesh, "GrpcRequestCount", VirtualNode="rpc") == 4, "and have come in")
    assert total(mesh, OWN, "TargetRequestCount", **to_lines) == 0
    assert total(mesh, OWN, "RequestFailureCount", **to_lines) == total(mesh, OWN, "RequestFailureCount", **to_rpc) == 0
    assert extension(mesh, "TargetProcessedBytes", **to_lines) > 0


def has_got(mesh: Mesh, node: str, count: int) -> bool:
    return extension(mesh, "RequestCount", VirtualNode=node) == count


def test_gateway_metrics_are_split_by_route_and_target(mesh, through_the_gateway):
    gateway, service = {"VirtualGateway": "edge"}, {"TargetVirtualService": mesh.stage.fqdn("color")}
    eventually(
        lambda: extension(mesh, "RequestCount", **gateway) == through_the_gateway, "the gateway's requests are counted"
    )
    to_red = gateway | service | {"TargetVirtualNode": "red"}
    assert extension(mesh, "HTTPCode_Target_2XX_Count", **to_red) == through_the_gateway
    for route in ({"GatewayRoute": "everything"}, {"Route": "by-header"}):
        assert total(mesh, OWN, "RouteRequestCount", **gateway, **service, **route) == through_the_gateway


def test_a_proxys_statistics_page_has_app_meshs_tags(mesh, sent_requests):
    del sent_requests
    page = mesh.front.get("http://localhost:9901/stats/prometheus")["text"]
    tagged = f'appmesh_mesh="{MESH}",appmesh_virtual_node="front"'
    requests = [line for line in page.splitlines() if line.startswith("envoy_cluster_upstream_rq_total{")]
    assert any(tagged in line and f'envoy_cluster_name="cds_egress_{MESH}_red_http_8080"' in line for line in requests)
