"""Export of the proxies' reports to an OpenTelemetry collector."""

from __future__ import annotations

import asyncio

import pytest

from moyai.kernel.ids import ProxyId
from moyai.telemetry.collector import ExportFault
from moyai.telemetry.exposition.connect import connect_families
from moyai.telemetry.exposition.counters import TRAFFIC_COUNTERS
from moyai.telemetry.exposition.otlp_encoding import GAUGES, encode_reports
from moyai.telemetry.exposition.otlp_exporter import BATCH, OtlpExporter, Outbox
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, Side
from moyai.testing.clock import ManualClock
from tests.unit.telemetry.pushes import BOUNDS, CART, FRONT, Telemetry, http_client, push, read_report
from tests.unit.telemetry.receiver import received_points


class RecordingCollector:
    """A collector that raises the given faults first, and records what it accepts after that."""

    def __init__(self, *refusals: ExportFault) -> None:
        self.refusals = list(refusals)
        self.bodies: list[bytes] = []

    async def export(self, body: bytes) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.bodies.append(body)

    def requests(self) -> list[int]:
        """The count of requests in each point that was taken."""
        points = [
            received_point
            for body in self.bodies
            for received_point in received_points(body)
            if received_point.name == "moyai.mesh.requests"
        ]
        return [point.point.as_int for point in points]


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture
def outbox(telemetry) -> Outbox:
    new_outbox = Outbox()
    telemetry.recorder.forward = new_outbox.put
    return new_outbox


def test_a_caller(telemetry, outbox):
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    numbers = {"http.egress.cart.downstream_rq_completed": 4, "cluster.egress.cart.upstream_rq_2xx": 3}
    telemetry.record(FRONT, push(1, numbers, {"cluster.egress.cart.membership_total": 2}, times), 1)
    points = list(received_points(encode_reports(outbox.first(9))))
    assert {tuple(sorted(point.resource.items())) for point in points} == {
        (
            ("aws.ecs.cluster.arn", "arn:aws:ecs:us-east-1:123456789012:cluster/shop"),
            ("aws.ecs.task.arn", FRONT),
            ("cloud.account.id", "123456789012"),
            ("cloud.platform", "aws_ecs"),
            ("cloud.provider", "aws"),
            ("cloud.region", "us-east-1"),
            ("service.instance.id", "front1"),
            ("service.name", "front"),
        )
    }
    by_name = {(point.name, point.attributes.get("code_class")): point for point in points}
    requests = by_name["moyai.mesh.requests", None]
    assert (requests.kind, requests.point.as_int, requests.point.time_unix_nano) == ("sum", 4, 10**9)
    assert requests.attributes == {"target": "cart", "protocol": "http"}
    assert by_name["moyai.mesh.responses", "2xx"].point.as_int == 3
    assert by_name["moyai.mesh.targets", None].point.as_int == 2
    time = by_name["moyai.mesh.response_time", None]
    assert (time.unit, time.point.sum, time.point.count) == ("s", 0.123, 4)
    assert list(time.point.bucket_counts) == [1, 0, 2, 0, 0, 1]
    assert list(time.point.explicit_bounds) == [bound / 1000 for bound in BOUNDS]


def test_a_called_service(telemetry, outbox):
    numbers = {f"http.ingress.cart.downstream_{what}": 7 for what in ("rq_total", "cx_total", "cx_rx_bytes_total")}
    telemetry.record(CART, push(1, numbers, {"http.ingress.cart.downstream_cx_active": 3}), 1)
    values = {
        received_point.name: received_point.point.as_int
        for received_point in received_points(encode_reports(outbox.first(9)))
    }
    assert values == {
        "moyai.mesh.served_requests": 7,
        "moyai.mesh.served_failures": 0,
        "moyai.mesh.served_connections": 7,
        "moyai.mesh.served_bytes": 7,
        "moyai.mesh.served_tls_errors": 0,
        "moyai.mesh.open_connections": 3,
    }


def test_names_are_prometheus_own(telemetry, outbox):
    prometheus = {family.name for family in connect_families([])}
    assert {f"moyai_mesh_{traffic_counter.name}_total" for traffic_counter in TRAFFIC_COUNTERS} <= prometheus
    assert {traffic_counter.counter for traffic_counter in TRAFFIC_COUNTERS} == {
        counter for counter in EndpointCounter if not counter.name.startswith("CODE")
    }
    assert {gauge.gauge for gauge in GAUGES} == set(EndpointGauge)
    assert {one.side for one in (*TRAFFIC_COUNTERS, *GAUGES)} == set(Side)


def test_only_the_newest_report_of_each_proxy_waits(telemetry, outbox):
    for second in range(1, 50):
        telemetry.record(FRONT, http_client(second, requests=second), second)
    [waiting] = outbox.first(9)
    assert [
        received_point.point.as_int
        for received_point in received_points(encode_reports([waiting]))
        if received_point.name == "moyai.mesh.requests"
    ] == [49]


def test_late_and_repeated_reports_do_not_wait(telemetry, outbox):
    sent = [http_client(second, requests=second) for second in (1, 2, 3)]
    for body in sent:
        telemetry.record(FRONT, body, 3)
    outbox.remove(outbox.first(9))
    for body in sent:
        telemetry.record(FRONT, body, 4)
    assert outbox.first(9) == []


def test_the_number_of_waiting_reports_is_limited(telemetry, outbox, monkeypatch):
    monkeypatch.setattr("moyai.telemetry.exposition.otlp_exporter.MAX_WAITING", 3)
    for number in range(9):
        proxy = ProxyId(f"{FRONT}-{number}")
        telemetry.reporters[proxy] = telemetry.reporters[FRONT]
        telemetry.record(proxy, http_client(1, requests=1), 1)
        telemetry.record(proxy, http_client(2, requests=2), 2)
    assert [one.proxy for one in outbox.first(9)] == [f"{FRONT}-{number}" for number in (6, 7, 8)]


def test_parts_of_one_report_wait_together(telemetry, outbox):
    for name in ("cart", "prices"):
        telemetry.record(FRONT, http_client(1, name, requests=1), 1)
    [waiting] = outbox.first(9)
    assert {endpoint.name for endpoint in waiting.endpoints} == {"cart", "prices"}


async def test_a_failed_export_is_repeated_ever_later(telemetry, outbox):
    clock = ManualClock()
    collector = RecordingCollector(*(ExportFault("busy") for _ in range(3)))
    exporting = asyncio.create_task(OtlpExporter(outbox, collector, clock).run())
    telemetry.record(FRONT, http_client(1, requests=1), 1)
    await clock.advance(5)  # refused, and again after 1, 2 and 4 seconds
    assert len(collector.refusals) == 2
    telemetry.record(FRONT, http_client(2, requests=5), 2)
    await clock.advance(3)
    assert (len(collector.refusals), collector.requests()) == (0, [])
    await clock.advance(4)
    assert collector.requests() == [5]
    telemetry.record(FRONT, http_client(3, requests=6), 3)
    await clock.advance(5)
    assert collector.requests() == [5, 6]
    exporting.cancel()


async def test_a_permanently_refused_batch_is_dropped(outbox, telemetry):
    clock = ManualClock()
    collector = RecordingCollector(ExportFault("no", is_permanent=True))
    reporter = telemetry.reporters[FRONT]
    for number in range(BATCH + 1):
        outbox.put(ProxyId(f"{FRONT}{number}"), reporter, read_report(http_client(1, requests=number)))
    await OtlpExporter(outbox, collector, clock).deliver()
    assert collector.requests() == [BATCH]
    assert outbox.first(9) == []


def test_a_report_that_came_during_an_export_stays(telemetry, outbox):
    telemetry.record(FRONT, http_client(1, requests=1), 1)
    batch = outbox.first(9)
    telemetry.record(FRONT, http_client(2, requests=2), 2)
    outbox.remove(batch)
    assert [one.taken_at for one in outbox.first(9)] == [2 * 10**9]
