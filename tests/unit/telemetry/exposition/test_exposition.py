"""Metrics in Prometheus's text format."""

from __future__ import annotations

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.kernel.metrics import DurationHistogram
from moyai.telemetry.exposition.connect import connect_families
from moyai.telemetry.exposition.text import LabelledSample, MetricFamily, MetricType, exposition, labels
from moyai.telemetry.ingest.totals import Totals
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, Side, StatEndpoint
from moyai.telemetry.reporters.reporter import ServiceTotalKey
from moyai.telemetry.values import ResponseTimes
from moyai.testing.world import SCOPE

NOW = Instant(1000)
CALLS = ServiceTotalKey(SCOPE, "shop", "shop", "front", StatEndpoint(Side.CLIENT, "cart"), "http")
SERVED = ServiceTotalKey(SCOPE, "shop", "shop", "cart", StatEndpoint(Side.SERVER, "cart"), "http")
CONNECTIONS = ServiceTotalKey(SCOPE, "shop", "shop", "front", StatEndpoint(Side.CLIENT, "lines"), "tcp")


def new_counts(time: ResponseTimes | None = None, **counts: int) -> tuple[tuple[int, ...], ResponseTimes | None]:
    counters = [0] * len(EndpointCounter)
    for name, count in counts.items():
        counters[EndpointCounter[name.upper()]] = count
    return tuple(counters), time


def text_of(totals):
    list(totals.take_unsaved())
    totals.confirm_saved()
    return "".join(exposition(connect_families(totals.saved_totals()))).splitlines()


def lines(text, name):
    return [line for line in text if line.startswith(name)]


def test_a_family_has_its_help_its_type_and_its_values():
    gauge = MetricFamily(
        "up",
        MetricType.GAUGE,
        'As it "is"\nor \\ not',
        [LabelledSample(labels(("a", 'x"y\n\\'), ("b", "é")), 0.25), LabelledSample("", 3)],
    )
    assert "".join(exposition([gauge, MetricFamily("none", MetricType.COUNTER, "Nothing.", [])])) == (
        '# HELP up As it "is"\\nor \\\\ not\n# TYPE up gauge\nup{a="x\\"y\\n\\\\",b="é"} 0.25\nup 3\n'
    )


def test_times_are_a_histogram_that_adds_up():
    times = DurationHistogram()
    for seconds in (0.0004, 0.001, 0.3, 60):
        times.add(seconds)
    text = "".join(
        exposition([MetricFamily("took", MetricType.HISTOGRAM, "T.", [LabelledSample("", times.snapshot())])])
    ).splitlines()
    assert text[2] == 'took_bucket{le="0.001"} 2'
    assert text[-4:] == ['took_bucket{le="10"} 3', 'took_bucket{le="+Inf"} 4', "took_sum 60.3014", "took_count 4"]


def test_traffic_is_labelled_by_caller_and_target():
    totals = Totals()
    response_times = ResponseTimes(Histogram((1.0, 2.5), (3, 1, 1)), 12.0)
    totals.total(CALLS, NOW).add(
        *new_counts(response_times, requests=7, code_2xx=5, code_5xx=2, failures=2, retries=1), NOW
    )
    totals.total(SERVED, NOW).add(*new_counts(requests=8), NOW)
    totals.total(CONNECTIONS, NOW).add(*new_counts(connections=3, bytes=100), NOW)
    text = text_of(totals)
    labels = f'account="{SCOPE.account}",region="{SCOPE.region}",namespace="shop",cluster="shop",service="front"'
    to_cart = f'{labels},target="cart"'
    assert lines(text, "moyai_mesh_requests_total") == [f'moyai_mesh_requests_total{{{to_cart},protocol="http"}} 7']
    assert lines(text, "moyai_mesh_responses_total")[::3] == [
        f'moyai_mesh_responses_total{{{to_cart},code_class="2xx"}} 5',
        f'moyai_mesh_responses_total{{{to_cart},code_class="5xx"}} 2',
    ]
    assert lines(text, "moyai_mesh_response_time_seconds") == [
        f'moyai_mesh_response_time_seconds_bucket{{{to_cart},le="0.001"}} 3',
        f'moyai_mesh_response_time_seconds_bucket{{{to_cart},le="0.0025"}} 4',
        f'moyai_mesh_response_time_seconds_bucket{{{to_cart},le="+Inf"}} 5',
        f"moyai_mesh_response_time_seconds_sum{{{to_cart}}} 0.012",
        f"moyai_mesh_response_time_seconds_count{{{to_cart}}} 5",
    ]
    assert [line.rpartition(" ")[2] for line in lines(text, "moyai_mesh_served_requests_total")] == ["8"]
    assert lines(text, "moyai_mesh_connections_total") == [
        f'moyai_mesh_connections_total{{{labels},target="lines",protocol="tcp"}} 3'
    ]
    assert len(lines(text, "moyai_mesh_failures_total")) == 2
