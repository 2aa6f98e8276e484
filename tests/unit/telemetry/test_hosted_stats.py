"""A host's Envoy reports for all its tasks, and each request counts once at either of its ends."""

from __future__ import annotations

import asyncio

import pytest

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.ingest.otlp_offsets import NotOtlp, divide
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.reporters.hosted_stats import task_of
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import CART, FRONT, SCOPE, Telemetry, push

TASKS = {proxy.rpartition("/")[2]: proxy for proxy in (FRONT, CART)}


@pytest.fixture
def telemetry():
    telemetry = Telemetry()
    reporters = telemetry.reporters.get
    telemetry.recorder = Recorder(telemetry.head, reporters, EPOCH, find_task=TASKS.get)
    telemetry.reader = SeriesReader(telemetry.head, telemetry.recorder.buffer.flush)
    return telemetry


def host_push(second: float, requests: int, failed: int = 0, others: int = 0) -> bytes:
    """``front1`` called ``cart1`` so often; of what came from elsewhere there were ``others``."""
    return push(
        second,
        {
            "server.live": 1,
            "http.front1.egress.cart.downstream_rq_completed": requests,
            "http.front1.egress.cart.downstream_rq_5xx": failed,
            "cluster.front1.egress.cart.upstream_rq_2xx": requests - failed,
            "cluster.front1.egress.cart.upstream_rq_5xx": failed,
            "http.cart1.ingress.cart.downstream_rq_completed": others,
            "http.cart1.ingress.cart.downstream_cx_total": 1,
            "tcp.cart1.local.ingress.cart.downstream_cx_total": 2,
            "tcp.cart1.local.ingress.cart.downstream_cx_rx_bytes_total": 300,
            "target.requests.of.cart1.ingress.cart": requests + others,
            "target.failed.of.cart1.ingress.cart": failed,
            "target.requests.of.gone.ingress.cart": 99,
        },
        {"listener.cart1.local.ingress.cart.downstream_cx_active": 2},
        {"target.time.of.cart1.ingress.cart": ((requests, others, 0, 0, 0, 0), 12.0)},
    )


def totals(telemetry: Telemetry, **dimensions: str) -> dict[str, float]:
    sums: dict[str, float] = {}
    for series in telemetry.reader.metrics(SCOPE):
        metric = series.metric
        if dict(metric.dimensions) == dimensions:
            for period in telemetry.reader.periods(SCOPE, metric, (EPOCH, Instant(EPOCH + 60)), 60):
                sums[metric.name] = sums.get(metric.name, 0) + period.summary.sum
    return sums


async def test_a_request_is_the_callers_and_the_targets(telemetry):
    assert await telemetry.receive(HOST_PROXY, host_push(1, requests=5, failed=2), 1)
    assert await telemetry.receive(HOST_PROXY, host_push(6, requests=8, failed=2), 6)
    called = totals(telemetry, TargetDiscoveryName="cart")
    answered = totals(telemetry, DiscoveryName="cart")
    assert (called["TargetRequestCount"], called["RequestFailureCount"]) == (8, 2)
    assert (called["HTTPCode_Target_2XX_Count"], called["HTTPCode_Target_5XX_Count"]) == (6, 2)
    assert answered["RequestCount"] == 8
    assert answered["NewConnectionCount"] == 3
    assert answered["ProcessedBytes"] == 300


async def test_a_grpc_call_that_reaches_no_target_is_no_http_5xx(telemetry):
    statistics = {
        "http.front1.egress.cart.downstream_rq_completed": 3,
        "http.front1.egress.cart.downstream_rq_5xx": 0,
        "cluster.front1.egress.cart.upstream_rq_5xx": 3,
        "cluster.front1.egress.cart.grpc.14": 3,
    }
    await telemetry.receive(HOST_PROXY, push(1, statistics), 1)
    called = totals(telemetry, TargetDiscoveryName="cart")
    assert called["RequestFailureCount"] == called["TargetRequestCount"] == 3
    assert "HTTPCode_Target_5XX_Count" not in called


async def test_requests_from_elsewhere_count_once(telemetry):
    await telemetry.receive(HOST_PROXY, host_push(1, requests=1, others=4), 1)
    assert totals(telemetry, DiscoveryName="cart")["RequestCount"] == 5
    assert totals(telemetry, TargetDiscoveryName="cart")["TargetRequestCount"] == 1


async def test_each_task_has_metrics_of_its_own(telemetry):
    await telemetry.receive(HOST_PROXY, host_push(1, requests=3, failed=1), 1)
    of_task = totals(telemetry, DiscoveryName="cart", ServiceName="cart", ClusterName="shop", TaskId="cart1")
    assert of_task == {"TaskRequestCount": 3, "TaskFailureCount": 1, "TaskResponseTime": 12.0}


async def test_a_restarted_envoy_counts_from_zero(telemetry):
    await telemetry.receive(HOST_PROXY, host_push(1, requests=5), 1)
    await telemetry.receive(HOST_PROXY, host_push(6, requests=2), 6)
    assert totals(telemetry, TargetDiscoveryName="cart")["TargetRequestCount"] == 7


async def test_a_task_whose_record_is_gone_still_counts(telemetry, monkeypatch):
    await telemetry.receive(HOST_PROXY, host_push(1, requests=5), 1)
    monkeypatch.delitem(TASKS, "front1")
    await telemetry.receive(HOST_PROXY, host_push(6, requests=6), 6)
    assert totals(telemetry, TargetDiscoveryName="cart")["TargetRequestCount"] == 6


@pytest.mark.parametrize("name", ["server.live", "cluster.moyai-xds.upstream_rq_active", "target.of", "", "http"])
def test_some_statistics_are_no_tasks(name):
    assert task_of(name) is None


async def test_bytes_that_are_no_otlp_are_refused(telemetry):
    with pytest.raises(NotOtlp):
        await telemetry.receive(HOST_PROXY, b"\x0a\xff\xff", 1)
    assert divide(b"", task_of) == {}


async def test_the_proxy_of_an_unknown_task_is_not_counted(telemetry):
    assert not await telemetry.receive(HOST_PROXY, push(1, {"http.other.egress.cart.downstream_rq_completed": 1}), 1)
    assert not telemetry.record(ProxyId("nobody"), push(1, {}), 1)


async def test_others_get_their_turn_between_two_tasks_of_a_push(telemetry):
    counted = set()

    async def watch() -> None:
        while True:
            counted.add(
                (bool(totals(telemetry, TargetDiscoveryName="cart")), bool(totals(telemetry, DiscoveryName="cart")))
            )
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    await telemetry.receive(HOST_PROXY, host_push(1, requests=5, others=4), 1)
    watching.cancel()
    assert (True, False) in counted
