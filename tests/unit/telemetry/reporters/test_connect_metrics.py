"""Service Connect's metrics are AWS's: names, dimensions, units, statistics."""

from __future__ import annotations

import pytest

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.kernel.clock import Instant
from moyai.telemetry.reporters.connect_metrics import SERVICE_METRICS
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import CART, FRONT, SCOPE, Telemetry, push

COUNTS = ("Average", "Minimum", "Maximum", "Sum", "SampleCount")
TIMES = (*COUNTS, "p50", "p90", "p99", "p99.9")
SERVERS = {"DiscoveryName": "prices"}, {"DiscoveryName": "prices", "ServiceName": "cart", "ClusterName": "shop"}
CALLERS = (
    {"TargetDiscoveryName": "cart"},
    {"TargetDiscoveryName": "cart", "ServiceName": "front", "ClusterName": "shop"},
)
AWS_HAS = {
    "ActiveConnectionCount": (SERVERS, "Count", COUNTS),
    "NewConnectionCount": (SERVERS, "Count", COUNTS),
    "ProcessedBytes": (SERVERS, "Bytes", COUNTS),
    "RequestCount": (SERVERS, "Count", COUNTS),
    "GrpcRequestCount": (SERVERS, "Count", COUNTS),
    "ClientTLSNegotiationErrorCount": (SERVERS, "Count", COUNTS),
    "HTTPCode_Target_2XX_Count": (CALLERS, "Count", COUNTS),
    "HTTPCode_Target_3XX_Count": (CALLERS, "Count", COUNTS),
    "HTTPCode_Target_4XX_Count": (CALLERS, "Count", COUNTS),
    "HTTPCode_Target_5XX_Count": (CALLERS, "Count", COUNTS),
    "RequestCountPerTarget": (CALLERS, "Count", ("Average",)),
    "TargetProcessedBytes": (CALLERS, "Bytes", COUNTS),
    "TargetResponseTime": (CALLERS, "Milliseconds", TIMES),
    "TargetTLSNegotiationErrorCount": (CALLERS, "Count", COUNTS),
}


@pytest.fixture(scope="module")
def telemetry() -> Telemetry:
    """After one report of each side in which everything has been counted."""
    new_telemetry = Telemetry()
    codes = {f"cluster.egress.cart.upstream_rq_{n}xx": n for n in range(2, 6)}
    client = {
        "http.egress.cart.downstream_rq_completed": 14,
        "cluster.egress.cart.upstream_cx_rx_bytes_total": 100,
        "cluster.egress.cart.ssl.connection_error": 1,
    }
    times = {"cluster.egress.cart.upstream_rq_time": ((2, 3, 4, 5, 0, 0), 70.0)}
    new_telemetry.record(FRONT, push(1, client | codes, {"cluster.egress.cart.membership_total": 2}, times), 1)
    server = {f"http.ingress.prices.downstream_{what}": 7 for what in ("rq_total", "cx_total", "cx_rx_bytes_total")}
    tls = {"listener.ingress.prices.ssl.connection_error": 1}
    new_telemetry.record(CART, push(1, server | tls, {"http.ingress.prices.downstream_cx_active": 3}), 1)
    return new_telemetry


def test_there_are_no_other_metrics():
    assert {metric.name for metric in SERVICE_METRICS if metric.namespace == "AWS/ECS"} == set(AWS_HAS)


@pytest.mark.parametrize("name", AWS_HAS)
def test_each_metric_has_both_dimension_sets_its_unit_and_statistics(telemetry, name):
    families, unit, statistics = AWS_HAS[name]
    reader = telemetry.reader
    for dimensions in families:
        metric = metric_id("AWS/ECS", name, dimensions.items())
        assert reader.units(SCOPE, metric) == [unit]
        [period] = reader.periods(SCOPE, metric, (EPOCH, Instant(EPOCH + 60)), 60)
        values = [evaluate(statistic, period.summary) for statistic in statistics]
        assert all(value is not None and value >= 0 for value in values)
        assert any(values)
    listed = [
        dict(each_metric.metric.dimensions) for each_metric in reader.metrics(SCOPE) if each_metric.metric.name == name
    ]
    assert sorted(listed, key=len) == list(families)
