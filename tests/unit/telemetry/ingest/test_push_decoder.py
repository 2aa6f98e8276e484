"""A push is decoded alike whether its layout was known or not, and as protobuf's own parser does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from moyai.telemetry.ingest.otlp_offsets import WIDTH, FieldOffsets, NotOtlp, ValueOffsets, metric_offsets
from moyai.telemetry.ingest.push_decoder import PushDecoders
from moyai.telemetry.reporters.connect_stats import CONNECT_STATS
from tests.unit.telemetry.pushes import BOUNDS, push, read_report

COUNTERS = ("http.egress.cart.downstream_rq_completed", "cluster.egress.cart.upstream_rq_2xx", "odd")
GAUGES = ("cluster.egress.cart.membership_total",)
TIMES = ("cluster.egress.cart.upstream_rq_time",)
COUNT = st.integers(0, 2**63 - 1)
HISTOGRAM = st.tuples(st.tuples(*[st.integers(0, 2**40)] * (len(BOUNDS) + 1)), st.floats(0, 1e12))


@st.composite
def a_push(draw) -> bytes:
    """A push with any of the metrics and any values."""
    counters = draw(st.dictionaries(st.sampled_from(COUNTERS), COUNT))
    gauges = draw(st.dictionaries(st.sampled_from(GAUGES), COUNT))
    times = draw(st.dictionaries(st.sampled_from(TIMES), HISTOGRAM))
    return push(draw(st.integers(1, 10**9)), counters, gauges, times)


@given(st.lists(a_push(), min_size=1, max_size=12))
def test_known_layouts_change_no_result(pushes):
    decode = PushDecoders().decoder(CONNECT_STATS)
    assert [decode(each_push).report for each_push in pushes] == [read_report(each_push) for each_push in pushes]


def offsets_of(body: bytes) -> tuple[ValueOffsets, list[FieldOffsets]]:
    """The offsets of everything in a push: each number, each histogram's buckets and then its sum."""
    metrics = list(metric_offsets(body))
    wanted: list[int | None] = []
    for metric in metrics:
        if metric.counts is not None:
            wanted += (metric.counts + WIDTH * bucket for bucket in range(len(metric.bounds) + 1))
            wanted.append(metric.sum)
        else:
            wanted.append(metric.value)
    return ValueOffsets(body, wanted, metrics), metrics


@given(a_push())
def test_every_value_is_where_protobuf_finds_it(body):
    offsets, metrics = offsets_of(body)
    values = offsets.read(body)
    assert values is not None
    decoded = {}
    for each_metric in metrics:
        many = len(each_metric.bounds) + 2 if each_metric.counts is not None else 1
        mine, values = values[:many], values[many:]
        decoded[each_metric.name] = (
            int(mine[0]) if each_metric.counts is None else (tuple(mine[:-1]), float(mine[-1:].view("f8")[0]))
        )
    [resource] = ExportMetricsServiceRequest.FromString(body).resource_metrics
    [(_, scopes)] = resource.ListFields()
    expected = {}
    for metric in scopes[0].metrics:
        point = getattr(metric, metric.WhichOneof("data")).data_points[0]
        histogram = hasattr(point, "bucket_counts")
        expected[metric.name] = (tuple(point.bucket_counts), point.sum) if histogram else point.as_int
    assert decoded == expected


@given(a_push(), a_push())
def test_a_push_with_another_layout_is_not_read_with_this_one(first, second):
    values = offsets_of(first)[0].read(second)
    if values is not None:
        assert [metric._replace(time=0) for metric in metric_offsets(first)] == [
            metric._replace(time=0) for metric in metric_offsets(second)
        ]


def test_another_name_of_the_same_length_is_another_layout():
    first, second = (push(1, {f"http.egress.{name}.downstream_rq_completed": 1}) for name in ("cart", "card"))
    assert len(first) == len(second)
    assert offsets_of(first)[0].read(second) is None
    decode = PushDecoders().decoder(CONNECT_STATS)
    assert [endpoint.name for body in (first, second, first) for endpoint in decode(body).report.endpoints] == [
        "cart",
        "card",
        "cart",
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(body):
    try:
        read_report(body)
    except NotOtlp:
        return


@given(a_push(), st.data())
def test_a_damaged_push_is_decoded_or_refused(body, data):
    at = data.draw(st.integers(0, max(len(body) - 1, 0)))
    altered = body[:at] + data.draw(st.binary(max_size=3)) + body[at + data.draw(st.integers(0, 3)) :]
    decode = PushDecoders().decoder(CONNECT_STATS)
    for push_bytes in (body, altered, body):
        try:
            decode(push_bytes)
        except NotOtlp:
            assert push_bytes == altered


@pytest.mark.parametrize("body", [b"\xff\xff", b"\x0a\x7f", b"\x0b"], ids=["no end", "too short", "a group"])
def test_invalid_messages_are_refused(body):
    with pytest.raises(NotOtlp):
        read_report(body)
