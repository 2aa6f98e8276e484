"""What the mesh counted, on its way to an OpenTelemetry collector."""

from __future__ import annotations

import asyncio

import pytest

from moyai.kernel.ids import ProxyId
from moyai.telemetry.connect_exposition import connect_families
from moyai.telemetry.envoy_stats import Figure, Gauge, Side
from moyai.telemetry.export import COUNTS, LEVELS, Outbox, encode
from moyai.telemetry.exporter import BATCH, Exporter, NotTaken
from moyai.testing.clock import ManualClock
from tests.unit.telemetry.pushes import BOUNDS, CART, FRONT, Office, http_client, push, read_report
from tests.unit.telemetry.receiver import received


class Collection:
    """A collector that refuses as often as it is told to, and keeps what it takes."""

    def __init__(self, *refusals: NotTaken) -> None:
        self.refusals = list(refusals)
        self.bodies: list[bytes] = []

    async def take(self, body: bytes) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.bodies.append(body)

    def requests(self) -> list[int]:
        """The count of requests in each point that was taken."""
        points = [one for body in self.bodies for one in received(body) if one.name == "moyai.mesh.requests"]
        return [one.point.as_int for one in points]


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def outbox(office) -> Outbox:
    made = Outbox()
    office.recorder.forward = made.put
    return made


def test_a_caller(office, outbox):
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    numbers = {"http.egress.cart.downstream_rq_total": 4, "cluster.egress.cart.upstream_rq_2xx": 3}
    office.take(FRONT, push(1, numbers, {"cluster.egress.cart.membership_total": 2}, times), 1)
    points = list(received(encode(outbox.first(9))))
    assert {tuple(sorted(one.resource.items())) for one in points} == {
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
    by_name = {(one.name, one.attributes.get("code_class")): one for one in points}
    requests = by_name["moyai.mesh.requests", None]
    assert (requests.kind, requests.point.as_int, requests.point.time_unix_nano) == ("sum", 4, 10**9)
    assert requests.attributes == {"target": "cart", "protocol": "http"}
    assert by_name["moyai.mesh.responses", "2xx"].point.as_int == 3
    assert by_name["moyai.mesh.targets", None].point.as_int == 2
    time = by_name["moyai.mesh.response_time", None]
    assert (time.unit, time.point.sum, time.point.count) == ("s", 0.123, 4)
    assert list(time.point.bucket_counts) == [1, 0, 2, 0, 0, 1]
    assert list(time.point.explicit_bounds) == [bound / 1000 for bound in BOUNDS]


def test_a_called_service(office, outbox):
    numbers = {f"http.ingress.cart.downstream_{what}": 7 for what in ("rq_total", "cx_total", "cx_rx_bytes_total")}
    office.take(CART, push(1, numbers, {"http.ingress.cart.downstream_cx_active": 3}), 1)
    found = {one.name: one.point.as_int for one in received(encode(outbox.first(9)))}
    assert found == {
        "moyai.mesh.served_requests": 7,
        "moyai.mesh.served_failures": 0,
        "moyai.mesh.served_connections": 7,
        "moyai.mesh.served_bytes": 7,
        "moyai.mesh.served_tls_errors": 0,
        "moyai.mesh.open_connections": 3,
    }


def test_names_are_prometheus_own(office, outbox):
    prometheus = {family.name for family in connect_families([])}
    assert {f"moyai_mesh_{one.name}_total" for one in COUNTS} <= prometheus
    assert {one.figure for one in COUNTS} == {figure for figure in Figure if not figure.name.startswith("CODE")}
    assert {one.gauge for one in LEVELS} == set(Gauge)
    assert {one.side for one in (*COUNTS, *LEVELS)} == set(Side)


def test_of_each_proxy_only_the_newest_report_waits(office, outbox):
    for second in range(1, 50):
        office.take(FRONT, http_client(second, requests=second), second)
    [waiting] = outbox.first(9)
    assert [one.point.as_int for one in received(encode([waiting])) if one.name == "moyai.mesh.requests"] == [49]


def test_what_comes_late_or_twice_does_not_wait_again(office, outbox):
    sent = [http_client(second, requests=second) for second in (1, 2, 3)]
    for body in sent:
        office.take(FRONT, body, 3)
    outbox.delivered(outbox.first(9))
    for body in sent:
        office.take(FRONT, body, 4)
    assert outbox.first(9) == []


def test_what_waits_is_bounded_when_tasks_come_and_go(office, outbox, monkeypatch):
    monkeypatch.setattr("moyai.telemetry.export.MOST", 3)
    for number in range(9):
        proxy = ProxyId(f"{FRONT}-{number}")
        office.reporters[proxy] = office.reporters[FRONT]
        office.take(proxy, http_client(1, requests=1), 1)
        office.take(proxy, http_client(2, requests=2), 2)
    assert [one.proxy for one in outbox.first(9)] == [f"{FRONT}-{number}" for number in (6, 7, 8)]


def test_parts_of_one_report_wait_together(office, outbox):
    for name in ("cart", "prices"):
        office.take(FRONT, http_client(1, name, requests=1), 1)
    [waiting] = outbox.first(9)
    assert {endpoint.name for endpoint in waiting.endpoints} == {"cart", "prices"}


async def test_what_was_not_taken_is_offered_again_ever_later(office, outbox):
    clock = ManualClock()
    collection = Collection(*(NotTaken("busy") for _ in range(3)))
    exporting = asyncio.create_task(Exporter(outbox, collection, clock).run())
    office.take(FRONT, http_client(1, requests=1), 1)
    await clock.advance(5)  # refused, and again after 1, 2 and 4 seconds
    assert len(collection.refusals) == 2
    office.take(FRONT, http_client(2, requests=5), 2)
    await clock.advance(3)
    assert (len(collection.refusals), collection.requests()) == (0, [])
    await clock.advance(4)
    assert collection.requests() == [5]
    office.take(FRONT, http_client(3, requests=6), 3)
    await clock.advance(5)
    assert collection.requests() == [5, 6]
    exporting.cancel()


async def test_what_is_refused_for_good_is_let_go_and_the_rest_goes_on(outbox, office):
    clock = ManualClock()
    collection = Collection(NotTaken("no", for_good=True))
    reporter = office.reporters[FRONT]
    for number in range(BATCH + 1):
        outbox.put(ProxyId(f"{FRONT}{number}"), reporter, read_report(http_client(1, requests=number)))
    await Exporter(outbox, collection, clock).deliver()
    assert collection.requests() == [BATCH]
    assert outbox.first(9) == []


def test_what_came_while_a_batch_was_under_way_stays(office, outbox):
    office.take(FRONT, http_client(1, requests=1), 1)
    batch = outbox.first(9)
    office.take(FRONT, http_client(2, requests=2), 2)
    outbox.delivered(batch)
    assert [one.taken_at for one in outbox.first(9)] == [2 * 10**9]
