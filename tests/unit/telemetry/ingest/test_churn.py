"""A proxy that reports other endpoints each time is counted, and does not fill the memory."""

from __future__ import annotations

import gc

from moyai.domain.cloudwatch.metric import metric_id
from moyai.kernel.clock import Instant
from moyai.telemetry.exposition.otlp_exporter import Outbox
from moyai.telemetry.ingest.endpoint_metrics import EndpointMetrics
from moyai.telemetry.ingest.push_schema import PushSchema
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import CART, FRONT, SCOPE, Telemetry, push

SPAN = (EPOCH, Instant(EPOCH + 3600))


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(one) is kind for one in gc.get_objects())


def test_ever_new_endpoints_are_forgotten(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.ingest.group_aggregator._MAX_ENDPOINTS", 5)
    telemetry, before = Telemetry(), alive(EndpointMetrics)
    for second in range(1, 60):
        for proxy, side, name in ((FRONT, "egress", f"other-{second}"), (CART, "ingress", f"own-{second}")):
            counts = {
                f"http.{side}.{name}.downstream_rq_completed": 1,
                "http.egress.cart.downstream_rq_completed": 2 * second,
            }
            telemetry.record(proxy, push(second, counts), second)
        telemetry.recorder.buffer.flush()
    assert alive(EndpointMetrics) - before < 30
    requests = metric_id("Moyai/ServiceConnect", "TargetRequestCount", [("TargetDiscoveryName", "cart")])
    for width in (5, 60):
        periods = telemetry.reader.periods(SCOPE, requests, SPAN, width)
        assert sum(period.summary.sum for period in periods) == 2 * 2 * 59


def test_the_schemas_of_very_many_parts_are_forgotten():
    telemetry, before = Telemetry(), alive(PushSchema)
    for part in range(200):
        telemetry.record(FRONT, push(1, {f"http.egress.part-{part}.downstream_rq_completed": 1}), 1)
    telemetry.recorder.buffer.flush()
    assert alive(PushSchema) - before < 60


def test_very_many_parts_do_not_all_wait_for_export(monkeypatch):
    monkeypatch.setattr("moyai.telemetry.exposition.otlp_exporter._MAX_ENDPOINTS", 10)
    telemetry, outbox = Telemetry(), Outbox()
    telemetry.recorder.forward = outbox.put
    for part in range(40):
        telemetry.record(FRONT, push(1, {f"http.egress.part-{part}.downstream_rq_completed": 1}), 1)
    [waiting] = outbox.first(9)
    assert len(waiting.endpoints) <= 10
