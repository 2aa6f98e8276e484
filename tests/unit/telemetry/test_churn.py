"""Who tells of other endpoints each time is counted, and does not fill the memory."""

from __future__ import annotations

import gc

from moyai.domain.cloudwatch.metric import metric_id
from moyai.kernel.clock import Instant
from moyai.telemetry.export import Outbox
from moyai.telemetry.lines import Line
from moyai.telemetry.query import ArchiveReader
from moyai.telemetry.shape import Shape
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import CART, FRONT, SCOPE, Office, push

SPAN = (EPOCH, Instant(EPOCH + 3600))


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(one) is kind for one in gc.get_objects())


def test_endpoints_that_are_others_each_time_are_not_remembered(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.tally._MOST_LINES", 5)
    office, before = Office(), alive(Line)
    for second in range(1, 60):
        for proxy, side, name in ((FRONT, "egress", f"other-{second}"), (CART, "ingress", f"own-{second}")):
            counts = {f"http.{side}.{name}.downstream_rq_total": 1, "http.egress.cart.downstream_rq_total": 2 * second}
            office.take(proxy, push(second, counts), second)
        office.archive.settle()
    assert alive(Line) - before < 30
    requests = metric_id("Moyai/ServiceConnect", "TargetRequestCount", [("TargetDiscoveryName", "cart")])
    for width in (5, 60):
        periods = ArchiveReader(office.archive).periods(SCOPE, requests, SPAN, width)
        assert sum(one.summary.sum for one in periods) == 2 * 2 * 59


def test_a_report_in_very_many_parts_is_not_remembered():
    office, before = Office(), alive(Shape)
    for part in range(200):
        office.take(FRONT, push(1, {f"http.egress.part-{part}.downstream_rq_total": 1}), 1)
    office.archive.settle()
    assert alive(Shape) - before < 60


def test_a_report_in_very_many_parts_does_not_wait_whole(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.export._MOST_ENDPOINTS", 10)
    office, outbox = Office(), Outbox()
    office.recorder.forward = outbox.put
    for part in range(40):
        office.take(FRONT, push(1, {f"http.egress.part-{part}.downstream_rq_total": 1}), 1)
    [waiting] = outbox.first(9)
    assert len(waiting.endpoints) <= 10
