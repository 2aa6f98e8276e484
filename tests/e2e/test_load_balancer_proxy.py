"""A real Envoy as the front proxy of load balancers: what clients and targets see of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.elb.front import front_workload
from moyai.kernel.clock import Instant
from moyai.mesh.load_balancing import compile_front
from moyai.runtime.linux.network.open_connections import count_connections
from moyai.runtime.linux.system_containers.envoy_admin import connect_to_socket
from moyai.runtime.linux.system_containers.envoy_clusters import endpoints
from moyai.telemetry.reporters.front_reporter import FrontReporter
from moyai.testing.clock import EPOCH
from tests.e2e.envoy_rig import PATIENCE, Rig
from tests.e2e.rig_app import one_and_two
from tests.golden.load_balancing.balancers import VPC, world_of
from tests.unit.telemetry.pushes import SCOPE

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FRONT = front_workload(VPC)
NODE = ("10.99.0.1", 80)
BALANCER = """
loadBalancers:
  web:
    nodes: {us-east-1a: 10.99.0.1}
    listeners:
      80:
        rules:
          default: {action: {type: forward, groups: [shop]}}
          1:
            conditions: [{type: path-pattern, values: ["/empty*"]}]
            action: {type: forward, groups: [nobody]}
          2:
            conditions: [{type: path-pattern, values: ["/fixed"]}]
            action: {type: fixed-response, status: 503, content_type: application/json, body: '{"a": "100 %"}'}
          3:
            conditions: [{type: path-pattern, values: ["/old*"]}]
            action: {type: redirect, status: 301, protocol: HTTPS, port: "443", path: "/new/#{path}"}
          4:
            conditions: [{type: host-header, values: ["*.Example.com"]}, {type: path-pattern, values: ["/host"]}]
            action: {type: fixed-response, status: 200, body: host}
          5:
            conditions: [{type: source-ip, values: [10.99.0.3/32]}]
            action: {type: fixed-response, status: 200, body: source}
          6:
            conditions: [{type: query-string, values: [{key: v, value: "1?"}]}]
            action: {type: fixed-response, status: 200, body: query}
          7:
            conditions: [{type: path-pattern, values: ["/query"]}]
            action: {type: redirect, status: 302, host: other.example, path: "/x", query: "a=1"}
          9:
            conditions: [{type: path-pattern, values: ["/parts*"]}]
            action: {type: redirect, status: 302, host: "www.#{host}", path: "/x-#{path}", query: "a=1&#{query}"}
          10:
            conditions: [{type: path-pattern, values: ["/v1/*"]}]
            host_rewrite: {pattern: '^([a-z]+)[.]old', replacement: "$1.new", groups: 1}
            url_rewrite: {pattern: "/v[0-9]+/", replacement: "/", groups: 0}
            action: {type: forward, groups: [shop]}
          8:
            conditions: [{type: path-pattern, values: ["/refused"]}]
            action: {type: forward, groups: [refused]}
targetGroups:
  shop:
    health_check: {path: /ping, interval: 5, timeout: 2}
    targets: {"10.99.0.2:8081": {}, "10.99.0.3:8082": {}}
  nobody:
  refused:
    targets: {"10.99.0.2:9": {}}
"""


async def publish(front: Rig, text: str) -> None:
    """Configure the front proxy with these load balancers, and wait until it has acknowledged them."""
    shard = compile_front(world_of(yaml.safe_load(text)), VPC, str(front.folder / "health.json"))
    await front.configure(shard, FRONT)


def failures(front: Rig) -> dict[int, int]:
    """The status of the last failed health check of each target, by its port."""
    events = map(json.loads, (front.folder / "health.json").read_text().splitlines())
    return {
        event["host"]["socket_address"]["port_value"]: event["health_check_failure_event"]["http_status_code"]
        for event in events
        if "health_check_failure_event" in event and event["health_check_failure_event"]["http_status_code"]
    }


async def wait_for(condition: Callable[[], bool]) -> None:
    """Wait for what nothing announces."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (neither files nor applications notify)
            await asyncio.sleep(0.01)


@pytest.fixture
async def apps(front):
    async with one_and_two(front.namespace, ("10.99.0.2", "10.99.0.3")) as made:
        yield made


async def test_requests_go_to_all_targets_with_the_headers_of_a_load_balancer(front, apps):
    await publish(front, BALANCER)
    answers = [await front.namespace.get(*NODE) for _ in range(4)]
    assert {json.loads(answer.body)["app"] for answer in answers} == {"one", "two"}
    assert set(answers[0].headers) == {"content-length", "date"}
    before = len(apps[0].heads) + len(apps[1].heads)
    assert before == len(answers)
    headers = {"x_forwarded_for": "192.0.2.1", "x_forwarded_port": "1", "x_envoy_retry_on": "5xx", "x_request_id": "7"}
    await front.namespace.get(*NODE, **headers)
    newest = next(head for app in apps for head in app.heads if "x-request-id" in head)
    assert re.fullmatch("Root=1-[0-9a-f]{8}-[0-9a-f]{24}", newest.pop("x-amzn-trace-id"))
    assert newest == {
        "host": "back",
        "accept-encoding": "identity",
        "x-forwarded-for": "192.0.2.1, 10.99.0.1",
        "x-forwarded-port": "80",
        "x-forwarded-proto": "http",
        "x-request-id": "7",
    }


async def test_each_request_has_a_trace_of_its_own(front, apps):
    await publish(front, BALANCER)
    for _ in range(20):
        await front.namespace.get(*NODE)
    traces = [head["x-amzn-trace-id"] for app in apps for head in app.heads]
    assert len(set(traces)) == len(traces) == 20


async def test_a_clients_trace_is_continued(front, apps):
    await publish(front, BALANCER)
    await front.namespace.get(*NODE, x_amzn_trace_id="Root=1-67891233-abcdef012345678912345678")
    trace = next(head["x-amzn-trace-id"] for app in apps for head in app.heads)
    assert re.fullmatch("Self=1-[0-9a-f]{8}-[0-9a-f]{24};Root=1-67891233-abcdef012345678912345678", trace)


async def test_transforms_change_the_first_match_in_host_and_path(front, apps):
    await publish(front, BALANCER)
    await front.namespace.get(*NODE, "/v1/v2/a?b=/v3/", host="shop.old.example")
    first = (apps[0].requests + apps[1].requests)[0]
    head = (apps[0].heads + apps[1].heads)[0]
    assert (first, head["host"]) == ("GET /v2/a?b=/v3/ HTTP/1.1", "shop.new.example")
    await front.namespace.get(*NODE, "/v1/", host="other")
    assert {"other", "shop.new.example"} == {head["host"] for app in apps for head in app.heads}


@pytest.mark.parametrize(
    ("path", "headers", "status", "body"),
    [
        ("/empty", {}, 503, "503 Service Temporarily Unavailable"),
        ("/refused", {}, 502, "502 Bad Gateway"),
        ("/cut", {}, 502, "502 Bad Gateway"),
        ("/", {"x_big": "x" * 70_000}, 400, "400 Bad Request"),
        ("/", {"method": "TRACE"}, 405, "405 Not Allowed"),
    ],
)
async def test_its_own_answers_are_those_of_a_load_balancer(front, apps, path, headers, status, body):
    await publish(front, BALANCER)
    answer = await front.namespace.get(*NODE, path, **headers)
    assert (answer.status, answer.headers["server"], answer.headers["content-type"]) == (
        status,
        "awselb/2.0",
        "text/html",
    )
    assert f"<center><h1>{body}</h1></center>" in answer.body


async def test_offers_of_other_protocols_than_websocket_are_passed_over(front, apps):
    await publish(front, BALANCER)
    for offered in ("TLS/1.2", "tls/1.3, HTTP/2.0", "h2c", "web"):
        assert (await front.namespace.get(*NODE, connection="Upgrade", upgrade=offered)).status == 200
    assert not any("upgrade" in head for app in apps for head in app.heads)
    head = b"GET /socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n\r\n"
    assert (await front.namespace.talk(*NODE, head + b"ping")).endswith(b"\r\n\r\nping")


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\nhost: a\r\nhost: b",
        "GET /host HTTP/1.1\r\nhost: a.example.com\r\nhost: b",
        "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close",
        "CONNECT a:80 HTTP/1.1\r\nhost: a:80",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked",
        "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ncontent-length: 4",
        "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked",
        "GET / HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 192.0.2.1\r\nconnection: x-forwarded-for",
    ],
)
async def test_requests_that_parsers_may_read_differently_are_refused(front, apps, head):
    await publish(front, BALANCER)
    answer = await front.namespace.talk(*NODE, f"{head}\r\nx-last: 1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"<center><h1>400 Bad Request</h1></center>" in answer
    assert [app.requests for app in apps] == [[], []]


async def test_a_request_may_have_several_hundred_headers(front, apps):
    await publish(front, BALANCER)
    assert (await front.namespace.get(*NODE, **{f"x_{number}": "1" for number in range(500)})).status == 200


async def test_rules_decide_by_priority(front, apps):
    await publish(front, BALANCER)
    fixed = await front.namespace.get(*NODE, "/fixed")
    assert (fixed.status, fixed.body) == (503, '{"a": "100 %"}')
    assert fixed.headers["content-type"] == "application/json; charset=utf-8"
    assert (await front.namespace.get(*NODE, "/host", host="a.EXAMPLE.com:8080")).body == "host"
    assert (await front.namespace.get(*NODE, "/host", host="example.com")).body != "host"
    assert (await front.namespace.get(*NODE, "/?a=b&V=12")).body == "query"
    assert (await front.namespace.get(*NODE, "/?v=123")).body != "query"
    assert (await front.namespace.get(*NODE, "/", x_forwarded_for=",".join(["192.0.2.1"] * 31))).status == 463
    http_1_0 = await front.namespace.talk(*NODE, b"GET /fixed HTTP/1.0\r\n\r\n")
    assert http_1_0.startswith(b"HTTP/1.0 503 ")


async def test_redirects_have_the_port_and_parts_of_the_request(front):
    await publish(front, BALANCER)
    old = await front.namespace.get(*NODE, "/old/a?b=c")
    assert (old.status, old.headers["location"]) == (301, "https://back:443/new/old/a?b=c")
    other = await front.namespace.get(*NODE, "/query?b=c")
    assert (other.status, other.headers["location"]) == (302, "http://other.example:80/x?a=1")
    parts = await front.namespace.get(*NODE, "/parts/a?b=c&d=%25", host="shop.example:8080")
    assert parts.headers["location"] == "http://www.shop.example:80/x-parts/a?a=1&b=c&d=%25"
    plain = await front.namespace.get(*NODE, "/old/a")
    assert plain.headers["location"] == "https://back:443/new/old/a"
    without_query = await front.namespace.get(*NODE, "/parts", host="shop.example")
    assert without_query.headers["location"] == "http://www.shop.example:80/x-parts?a=1&"


async def test_health_decides_and_its_events_are_in_the_file(front, apps):
    apps[1].health = 500
    await publish(front, BALANCER)
    bodies = [(await front.namespace.get(*NODE)).body for _ in range(6)]
    assert {json.loads(body)["app"] for body in bodies} == {"one"}
    await wait_for(lambda: failures(front) == {8082: 500})


async def test_all_targets_are_asked_when_none_is_healthy(front, apps):
    apps[0].health = apps[1].health = 500
    await publish(front, BALANCER)
    bodies = [(await front.namespace.get(*NODE)).body for _ in range(6)]
    assert {json.loads(body)["app"] for body in bodies} == {"one", "two"}


async def test_every_request_is_counted_once(front, apps):
    front.telemetry.reporters[FRONT] = FrontReporter(SCOPE, VPC, EPOCH)
    await publish(front, BALANCER)
    await front.until(lambda: FRONT in front.senders)
    for path, times in {"/": 5, "/fixed": 3, "/old": 2, "/empty": 2, "/refused": 1, "/cut": 1}.items():
        for _ in range(times):
            await front.namespace.get(*NODE, path)
    balancer, group = ("LoadBalancer", "app/web/0000000000000web"), ("TargetGroup", "targetgroup/shop/000000000000shop")
    await wait_for(lambda: total(front, "RequestCount", balancer) == 7)
    assert total(front, "RequestCount", balancer, group) == 6
    assert total(front, "HTTPCode_Target_2XX_Count", balancer, group) == 5
    assert total(front, "HTTPCode_Target_5XX_Count", balancer) == 0
    assert total(front, "HTTPCode_ELB_5XX_Count", balancer) == 7
    assert total(front, "HTTPCode_ELB_502_Count", balancer) == 2
    assert total(front, "HTTPCode_ELB_503_Count", balancer) == 5
    assert total(front, "HTTP_Fixed_Response_Count", balancer) == 3
    assert total(front, "HTTP_Redirect_Count", balancer) == 2
    assert total(front, "RuleEvaluations", balancer) == 6 * 10 + 3 * 2 + 2 * 3 + 2 * 1 + 8
    assert total(front, "RequestCountPerTarget", group) == 3
    assert total(front, "HealthyHostCount", balancer, group) > 0
    assert total(front, "UnhealthyRoutingRequestCount", balancer) == 1  # the group that refuses has no other target
    assert 0 <= total(front, "TargetResponseTime", balancer, group) < PATIENCE


async def test_headers_with_invalid_names_are_dropped_and_their_requests_counted(front, apps):
    front.telemetry.reporters[FRONT] = FrontReporter(SCOPE, VPC, EPOCH)
    drop = '10.99.0.1}\n    attributes: {routing.http.drop_invalid_header_fields.enabled: "true"}'
    await publish(front, BALANCER.replace("10.99.0.1}", drop))
    await front.until(lambda: FRONT in front.senders)
    for path in ("/", "/fixed", "/fixed"):
        head = f"GET {path} HTTP/1.1\r\nhost: a\r\nx_bad: 1\r\nx.bad: 2\r\nconnection: close\r\n\r\n"
        await front.namespace.talk(*NODE, head.encode())
    await front.namespace.get(*NODE)
    heads = [head for app in apps for head in app.heads]
    assert len(heads) == 2
    assert not any({"x_bad", "x.bad"} & head.keys() for head in heads)
    balancer = ("LoadBalancer", "app/web/0000000000000web")
    await wait_for(lambda: total(front, "RequestCount", balancer) == 2)
    assert total(front, "DroppedInvalidHeaderRequestCount", balancer) == 3


async def test_requests_to_a_group_without_healthy_targets_are_counted(front, apps):
    front.telemetry.reporters[FRONT] = FrontReporter(SCOPE, VPC, EPOCH)
    apps[0].health = apps[1].health = 500
    await publish(front, BALANCER)
    await front.until(lambda: FRONT in front.senders)
    for path in ("/", "/", "/", "/empty", "/empty", "/fixed"):
        await front.namespace.get(*NODE, path)
    balancer, group = ("LoadBalancer", "app/web/0000000000000web"), ("TargetGroup", "targetgroup/shop/000000000000shop")
    await wait_for(lambda: total(front, "RequestCount", balancer) == 3)
    assert total(front, "UnhealthyRoutingRequestCount", balancer, group) == 3
    assert total(front, "UnhealthyRoutingRequestCount", balancer) == 3


def total(front: Rig, name: str, *dimensions: tuple[str, str]) -> float:
    """The sum of a metric; 0 when there is none."""
    span = (EPOCH, Instant(EPOCH + 3600))
    periods = front.telemetry.reader.periods(SCOPE, metric_id("AWS/ApplicationELB", name, dimensions), span, 3600)
    return sum(period.summary.sum for period in periods)


async def test_a_draining_target_finishes_and_gets_nothing_new(front, apps):
    await publish(front, BALANCER)
    requests = [asyncio.create_task(front.namespace.get(*NODE, "/hold")) for _ in range(2)]
    await wait_for(lambda: bool(apps[0].requests and apps[1].requests))
    await publish(front, BALANCER.replace('"10.99.0.3:8082": {}', '"10.99.0.3:8082": {deregistered_at: 1}'))
    bodies = [(await front.namespace.get(*NODE)).body for _ in range(4)]
    assert {json.loads(body)["app"] for body in bodies} == {"one"}
    for app in apps:
        app.released.set()
    assert {json.loads((await one).body)["app"] for one in requests} == {"one", "two"}


async def test_a_draining_target_is_busy_with_what_an_older_version_of_its_cluster_has_sent(front, apps):
    await publish(front, BALANCER)
    requests = [asyncio.create_task(front.namespace.get(*NODE, "/hold")) for _ in range(2)]
    await wait_for(lambda: bool(apps[0].requests and apps[1].requests))
    modified = BALANCER.replace("interval: 5", "interval: 6")
    await publish(front, modified)
    await publish(front, modified.replace('"10.99.0.3:8082": {}', '"10.99.0.3:8082": {deregistered_at: 1}'))
    assert await draining(front) == {8082: 1}
    for app in apps:
        app.released.set()
    await asyncio.gather(*requests)
    async with asyncio.timeout(PATIENCE):
        while await draining(front) != {8082: 0}:  # noqa: ASYNC110 (Envoy does not notify)
            await asyncio.sleep(0.01)


async def draining(front: Rig) -> dict[int, int]:
    """The requests under way at the targets that drain, by their ports."""

    async def count(places):
        netns = Path("/run/netns", front.namespace.name)
        return await front.namespace.run(lambda: count_connections(netns, places))

    connect = partial(connect_to_socket, front.run(FRONT))
    listed = await endpoints(connect, {}, count)
    return {endpoint.port: endpoint.active for endpoint in listed or () if endpoint.draining}


async def test_a_group_whose_targets_all_drain_gets_nothing_new(front, apps):
    await publish(front, BALANCER)
    request = asyncio.create_task(front.namespace.get(*NODE, "/hold"))
    await wait_for(lambda: bool(apps[0].requests or apps[1].requests))
    await publish(
        front,
        BALANCER.replace('8081": {}', '8081": {deregistered_at: 1}').replace(
            '8082": {}', '8082": {deregistered_at: 1}'
        ),
    )
    assert (await front.namespace.get(*NODE)).status == 503
    for app in apps:
        app.released.set()
    assert (await request).status == 200


async def test_a_silent_target_is_504_and_a_silent_client_408(front, apps):
    await publish(
        front, BALANCER.replace("10.99.0.1}", '10.99.0.1}\n    attributes: {idle_timeout.timeout_seconds: "1"}')
    )
    silent = await front.namespace.get(*NODE, "/hold")
    assert (silent.status, "<h1>504 Gateway Time-out</h1>" in silent.body) == (504, True)
    head = b"POST / HTTP/1.1\r\nhost: back\r\ncontent-length: 5\r\nconnection: close\r\n\r\n"
    assert (await front.namespace.talk(*NODE, head)).startswith(b"HTTP/1.1 408 ")


async def test_a_websocket_passes(front, apps):
    await publish(front, BALANCER)
    head = b"GET /socket HTTP/1.1\r\nhost: back\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    answer = await front.namespace.talk(*NODE, head + b"ping")
    assert answer.startswith(b"HTTP/1.1 101")
    assert answer.endswith(b"\r\n\r\nping")
