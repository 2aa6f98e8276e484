"""Any numbers that a proxy reports are saved, read and exported: only its own metrics are wrong."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.domain.cloudwatch.statistic import evaluate
from moyai.kernel.clock import Instant
from moyai.telemetry.exposition.connect import connect_families
from moyai.telemetry.exposition.otlp_encoding import encode_reports
from moyai.telemetry.exposition.otlp_exporter import Outbox
from moyai.telemetry.exposition.text import exposition
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.pushes import FRONT, SCOPE, read_report
from tests.unit.telemetry.test_flusher import MetricPipeline

INT, UNSIGNED = st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1)
EXTREME = st.sampled_from((0, 1, 2**63 - 1))
COUNTERS = ("http.egress.cart.downstream_rq_completed", "tcp.egress.db.downstream_cx_total", "cluster.egress.db.no")
GAUGES = ("cluster.egress.cart.outlier_detection.ejections_active", "cluster.egress.cart.membership_total")
TIME = "cluster.egress.cart.upstream_rq_time"
BOUNDS = st.lists(st.floats() | st.sampled_from((1.0, 2.0)), max_size=4)
_SCOPES = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name


@st.composite
def reports(draw: st.DrawFn) -> bytes:
    """A push in which every number is any number."""
    when = {
        "time_unix_nano": draw(st.integers(1, 20) | UNSIGNED),
        "start_time_unix_nano": draw(st.just(1) | UNSIGNED),
    }
    request = ExportMetricsServiceRequest()
    metrics = getattr(request.resource_metrics.add(), _SCOPES).add().metrics
    for name in COUNTERS:
        metrics.add(name=name).sum.data_points.add(as_int=draw(EXTREME | INT), **when)
    for name in GAUGES:
        metrics.add(name=name).gauge.data_points.add(as_int=draw(EXTREME | INT), **when)
    bounds = draw(st.just([1.0, 5.0]) | BOUNDS)
    counts = [draw(EXTREME | UNSIGNED) for _ in range(len(bounds) + 1)]
    points = metrics.add(name=TIME).histogram.data_points
    points.add(sum=draw(st.floats()), bucket_counts=counts, explicit_bounds=bounds, **when)
    return bytes(request.SerializeToString())


@settings(max_examples=25, deadline=None)
@given(st.lists(reports(), min_size=1, max_size=8))
def test_any_numbers_are_saved_read_and_exported(pushes):
    with TemporaryDirectory() as folder:
        asyncio.run(_record_and_save(pushes, Path(folder) / "metrics.db"))


async def _record_and_save(pushes: list[bytes], file: Path) -> None:
    clock = ManualClock()
    pipeline, outbox, before = MetricPipeline(file, clock), Outbox(), -1
    pipeline.recorder.forward = outbox.put
    for body in pushes:
        pipeline.recorder.record(FRONT, body, clock.now())
        encode_reports(outbox.first(1))
        await pipeline.flusher.save()
        assert pipeline.total >= before
        before = pipeline.total
    _check_exposition("".join(exposition(connect_families(pipeline.recorder.totals.saved_totals()))))
    await clock.advance(60)
    await pipeline.flusher.save()
    await pipeline.kill()
    again = MetricPipeline(file, clock)
    assert again.total == before
    _query_all(again)
    again.recorder.record(FRONT, pushes[-1], clock.now())
    await again.flusher.save()
    await again.kill()


def _query_all(pipeline: MetricPipeline) -> None:
    """Query as the console and CloudWatch do."""
    span = (EPOCH, Instant(pipeline.clock.now() + 1))
    for metric in pipeline.reader.metrics(SCOPE):
        for seconds in (5, 60):
            for period in pipeline.reader.periods(SCOPE, metric.metric, span, seconds):
                evaluate("p99", period.summary)


def _check_exposition(text: str) -> None:
    """No series twice, and no bound that is not above the one before."""
    series = [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    bounds = [float(bound) for bound in re.findall(r'le="([^"]+)"', text)]
    assert bounds == sorted(set(bounds))


@pytest.mark.parametrize(
    "bounds",
    [(1.0, float("nan")), (2.0, 1.0), (1.0, 1.0), (1.0, float("inf")), (float("-inf"), 1.0)],
    ids=["no number", "falling", "twice the same", "infinite", "infinite below"],
)
def test_a_histogram_whose_bounds_do_not_rise_is_ignored(bounds):
    request = ExportMetricsServiceRequest()
    metrics = getattr(request.resource_metrics.add(), _SCOPES).add().metrics
    metrics.add(name=COUNTERS[0]).sum.data_points.add(as_int=3, time_unix_nano=1)
    metrics.add(name=TIME).histogram.data_points.add(sum=1, bucket_counts=[1, 1, 1], explicit_bounds=bounds)
    [endpoint] = read_report(bytes(request.SerializeToString())).endpoints.values()
    assert (endpoint.counters[0], endpoint.times) == (3, None)
