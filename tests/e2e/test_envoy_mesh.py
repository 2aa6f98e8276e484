"""Real Envoys with the real delta ADS server: how they route by the mesh that they get."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from socket import create_connection

import pytest
from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    InboundPort,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    OutlierPolicy,
    Protocol,
    RequestMatch,
    RetryCondition,
    RetryPolicy,
    RouteRule,
    RouteRules,
    ServiceAddress,
    StreamSplit,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from moyai.runtime.linux.system_containers.envoy_admin import active_requests, connect_to_socket
from moyai.xds.server.feed import Feed
from tests.e2e.envoy_rig import PATIENCE, Rig, rig
from tests.e2e.rig_app import App, one_and_two

pytestmark = [pytest.mark.e2e, pytest.mark.root]

CALLER, ONE, TWO = WorkloadId("caller"), WorkloadId("one"), WorkloadId("two")
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
OUTLIER = OutlierPolicy(5, 10, 30, 300, 50)
AGAIN = RetryPolicy(2, (RetryCondition.CONNECT_FAILURE, RetryCondition.RESET), (502, 503), 5)
UNSENT = RetryPolicy(2, (RetryCondition.CONNECT_FAILURE, RetryCondition.RESET_BEFORE_REQUEST), (503,), 5)
HTTP, EMPTY, STREAM, LOST = ("127.255.0.1", 80), ("127.255.0.2", 80), ("127.255.0.3", 6379), ("127.255.0.4", 6379)
MEMBERS = {ONE: Member("a", "10.99.0.1", 8081), TWO: Member("b", "10.99.0.2", 8082)}
REDIRECTS = {"10.99.0.1:8081": 15101, "10.99.0.1:8084": 15101, "10.99.0.2:8082": 15102, "127.255.0.0/16": 15001}


def mesh(*back: WorkloadId, connect_timeout: float = 1) -> MeshIR:
    """A caller and two workloads behind ``http``, of which those in ``back`` are registered."""
    rules = (
        RouteRule((WeightedDestination("http"),), TIMEOUTS, RequestMatch(methods=("GET",)), AGAIN),
        RouteRule((WeightedDestination("http"),), TIMEOUTS, retry=UNSENT),
    )
    services = [
        MeshService("http", Protocol.HTTP, RouteRules(rules), "egress.http"),
        MeshService(
            "empty", Protocol.HTTP, RouteRules((RouteRule((WeightedDestination("empty"),), TIMEOUTS),)), "egress.empty"
        ),
        MeshService(
            "stream", Protocol.TCP, StreamSplit((WeightedDestination("stream"),), TIMEOUTS, 3), "egress.stream"
        ),
        MeshService("lost", Protocol.TCP, StreamSplit((WeightedDestination("lost"),), TIMEOUTS, 3), "egress.lost"),
    ]
    members = tuple(MEMBERS[w] for w in back)
    groups = {
        "http": members,
        "empty": (),
        "stream": (Member("a", "10.99.0.1", 9), Member("a", "10.99.0.3", 8083)),
        "lost": (),
    }
    destinations = [
        Destination(s.name, EndpointGroupSource(s.name), s.protocol, connect_timeout, OUTLIER, s.stat_name)
        for s in services
    ]
    places = {"http": HTTP, "empty": EMPTY, "stream": STREAM, "lost": LOST}
    calls = tuple(ServiceAddress(*place, name) for name, place in places.items())
    raw = InboundPort(8084, Protocol.TCP, TIMEOUTS, 0.25, "ingress.raw")
    workloads = [
        Workload(CALLER, "a", 15100, 15001, outbound=OutboundView(calls)),
        Workload(ONE, "a", 15101, 15991, (inbound(8081), raw)),
        Workload(TWO, "b", 15102, 15992, (inbound(8082),)),
    ]
    return MeshIR(
        workloads={w.id: w for w in workloads},
        services={s.name: s for s in services},
        destinations={d.name: d for d in destinations},
        groups={name: EndpointGroup(name, m) for name, m in groups.items()},
    )


def inbound(port: int) -> InboundPort:
    return InboundPort(port, Protocol.HTTP, TIMEOUTS, 0.25, "ingress.http", connection_idle=4, cut_request_status=502)


@pytest.fixture
async def envoys():
    async with rig(REDIRECTS) as new_rig:
        new_rig.feed.publish(mesh(ONE, TWO))
        for workload in (CALLER, ONE, TWO):
            await new_rig.start(workload)
        yield new_rig


@pytest.fixture
async def apps(envoys):
    async with one_and_two(envoys.namespace) as made:
        yield made


async def names_of(envoys: Rig, count: int) -> list[str]:
    answers = [await envoys.namespace.get(*HTTP) for _ in range(count)]
    assert {a.status for a in answers} == {200}
    return [a.body.split('"')[3] for a in answers]


async def test_a_call_by_name_passes_both_proxies(envoys, apps):
    answer = await envoys.namespace.get(*HTTP)
    assert answer.status == 200
    assert answer.headers["server"] == "envoy"
    assert int(answer.headers["x-envoy-upstream-service-time"]) >= 0
    assert set(await names_of(envoys, 6)) == {"one", "two"}
    await envoys.until(lambda: envoys.senders == {CALLER, ONE, TWO})
    assert "warning" not in envoys.log(CALLER), envoys.log(CALLER)


async def test_members_move_live_and_holders_follow_acknowledgements(envoys, apps):
    assert envoys.feed.holders("10.99.0.1", 8081) == {CALLER}
    envoys.feed.publish(mesh(TWO))
    await envoys.until(lambda: not envoys.feed.holders("10.99.0.1", 8081))
    assert await names_of(envoys, 4) == ["two"] * 4
    envoys.feed.publish(mesh(ONE, TWO))
    await envoys.until(lambda: envoys.feed.states()[CALLER].synced)
    assert set(await names_of(envoys, 6)) == {"one", "two"}


async def test_a_dead_application_is_a_retry_not_a_failure(envoys, apps):
    await apps[0].stop()
    assert await names_of(envoys, 10) == ["two"] * 10


async def test_a_dead_proxy_is_a_retry_not_a_failure(envoys, apps):
    await envoys.kill(ONE)
    assert await names_of(envoys, 10) == ["two"] * 10


async def test_only_repeatable_requests_are_retried(envoys, apps):
    answer = await envoys.namespace.get(*HTTP, "/cut", "POST")
    assert answer.status == 502
    assert len(apps[0].requests) + len(apps[1].requests) == 1
    await envoys.namespace.get(*HTTP, "/cut", "GET")
    assert len(apps[0].requests) + len(apps[1].requests) == 4


async def test_a_name_without_members_answers_at_once(envoys, apps):
    assert (await envoys.namespace.get(*EMPTY)).status == 503
    assert await envoys.namespace.talk(*LOST, b"x") == b""
    assert await envoys.namespace.talk("127.255.0.9", 80, b"x") == b""


async def test_a_websocket_passes(envoys, apps):
    head = b"GET /socket HTTP/1.1\r\nhost: back\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    answer = await envoys.namespace.talk(*HTTP, head + b"ping")
    assert answer.startswith(b"HTTP/1.1 101")
    assert answer.endswith(b"\r\n\r\nping")


async def test_each_request_counts_once_at_both_ends(envoys, apps):
    expecting = (
        b"POST / HTTP/1.1\r\nhost: back\r\nexpect: 100-continue\r\nconnection: close\r\ncontent-length: 1\r\n\r\nx"
    )
    assert (await envoys.namespace.talk(*HTTP, expecting)).count(b"HTTP/1.1 ") == 2
    await wait_for_requests(envoys, 1)
    upgrade = b"GET /socket HTTP/1.1\r\nhost: back\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
    assert (await envoys.namespace.talk(*HTTP, upgrade + b"ping")).startswith(b"HTTP/1.1 101")
    await wait_for_requests(envoys, 2)
    cut_off = await envoys.count(CALLER, "http.egress.http.downstream_rq_tx_reset")
    waiting = await envoys.namespace.run(lambda: create_connection(HTTP))
    with waiting:
        waiting.sendall(b"POST /hold HTTP/1.1\r\nhost: back\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\nx")
        await envoys.until(lambda: len(apps[0].requests) + len(apps[1].requests) == 3)
        await wait_for_requests(envoys, 2)
    await wait_for_requests(envoys, 3)
    assert await envoys.count(CALLER, "http.egress.http.downstream_rq_1xx") == 3
    assert await envoys.count(CALLER, "http.egress.http.downstream_rq_tx_reset") == cut_off
    for app in apps:
        app.released.set()


async def wait_for_requests(envoys: Rig, expected: int) -> None:
    """Wait until the caller's Envoy, and those of both workloads together, have counted so many requests."""

    async def requests(workload: WorkloadId, subject: str) -> int:
        names = [f"http.{subject}.downstream_rq_{name}" for name in ("completed", "1xx", "unanswered")]
        completed, interim, unanswered = [await envoys.count(workload, name) for name in names]
        return completed - interim + unanswered

    async def request_count() -> int:
        return await requests(ONE, "ingress.http") + await requests(TWO, "ingress.http")

    await within(partial(requests, CALLER, "egress.http"), expected)
    await within(request_count, expected)


async def test_a_server_proxy_reports_its_active_requests(envoys):
    connect = partial(connect_to_socket, envoys.run(ONE))
    app = App("one")
    await app.start(envoys.namespace, 8084)
    assert await active_requests(connect) == 0
    idle = await envoys.namespace.run(lambda: create_connection(("10.99.0.1", 8084)))
    with idle:
        await within(lambda: active_requests(connect), 1)
    await within(lambda: active_requests(connect), 0)
    await app.stop()


async def test_a_proxy_keeps_only_statistics_that_metrics_need(envoys, apps):
    await envoys.namespace.get(*HTTP)
    names = {line.split(":")[0] for line in (await envoys.admin(CALLER, "/stats")).splitlines() if ": " in line}
    of_http = {
        name.split(".", 3)[3] for name in names if name.startswith(("cluster.egress.http.", "http.egress.http."))
    }
    assert {"upstream_rq_2xx", "upstream_rq_time", "membership_total", "downstream_rq_completed"} <= of_http
    assert {name for name in names if not name.startswith(("cluster.", "http.", "tcp."))} == {"server.live"}


async def test_tcp_tries_the_next_endpoint(envoys):
    third = App("three")
    await third.start(envoys.namespace, 8083, "10.99.0.3")
    for _ in range(4):
        assert b"three" in await envoys.namespace.talk(*STREAM, b"GET /last HTTP/1.1\r\n\r\n")
    await third.stop()


async def test_a_changed_cluster_is_ready_at_once(envoys, apps):
    envoys.feed.publish(mesh(ONE, TWO, connect_timeout=2))
    await envoys.until(lambda: envoys.feed.states()[CALLER].synced)
    assert "{}" in await envoys.admin(CALLER, "/config_dump?resource=dynamic_warming_clusters")
    assert set(await names_of(envoys, 6)) == {"one", "two"}


async def test_a_configuration_that_envoy_rejects_leaves_the_last_good_one(envoys, apps):
    good = mesh(ONE, TWO)
    broken_workload = replace(good.workloads[CALLER], egress_port=70000)
    envoys.feed.publish(replace(good, workloads={**good.workloads, CALLER: broken_workload}))
    await envoys.until(lambda: envoys.feed.states()[CALLER].rejection is not None)
    assert "port_value" in str(envoys.feed.states()[CALLER].rejection)
    assert set(await names_of(envoys, 6)) == {"one", "two"}
    envoys.feed.publish(good)
    await envoys.until(lambda: envoys.feed.states()[CALLER].synced)


async def test_a_restarted_control_plane_sends_nothing_again(envoys, apps):
    await envoys.stop_serving()
    assert set(await names_of(envoys, 4)) == {"one", "two"}
    envoys.feed = CountingFeed(envoys.settings)
    await envoys.serve()
    await envoys.until(lambda: {w for w, s in envoys.feed.states().items() if s.connected} == {CALLER, ONE, TWO})
    assert set(await names_of(envoys, 4)) == {"one", "two"}
    envoys.feed.publish(mesh(ONE, TWO))
    await envoys.until(lambda: all(envoys.feed.states()[w].synced for w in (CALLER, ONE, TWO)))
    assert envoys.feed.sent == []
    assert envoys.feed.holders("10.99.0.1", 8081) == {CALLER}


async def within(ask: Callable[[], Awaitable[int | None]], expected: int) -> None:
    """Wait for an Envoy's own count, which nothing announces."""
    async with asyncio.timeout(PATIENCE):
        while await ask() != expected:
            pass


class CountingFeed(Feed):
    """Remembers what left it."""

    def __init__(self, settings) -> None:
        super().__init__(settings)
        self.sent: list[bytes] = []

    def connect(self, proxy, sink, stream, external_workload=None):
        return super().connect(proxy, Copying(sink, self.sent), stream, external_workload)


class Copying:
    """A sink that keeps a copy of what passes."""

    def __init__(self, sink, copies: list[bytes]) -> None:
        self.end = sink.end
        self._sink, self._copies = sink, copies

    def send(self, response: bytes) -> None:
        self._copies.append(response)
        self._sink.send(response)
