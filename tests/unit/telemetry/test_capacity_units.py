"""The capacity units of a load balancer are the largest share of what a unit has."""

from __future__ import annotations

import pytest

from moyai.domain.cloudwatch.metric import metric_id
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, VpcId
from moyai.telemetry.capacity_units import CapacityUnitReader
from moyai.telemetry.reporters.front_reporter import FrontReporter
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import SCOPE, Telemetry, push

FRONT = ProxyId("front/vpc-1")
LB = ("LoadBalancer", "app/web/50dc6c495c0c9188")
AT = f"{LB[1]}@us-east-1a"
UNITS = metric_id("AWS/ApplicationELB", "ConsumedLCUs", [LB])
NET = ("LoadBalancer", "net/edge/50dc6c495c0c9188")
AT_NET = f"{NET[1]}@us-east-1a"
HOUR = (EPOCH, Instant(EPOCH + 3600))


@pytest.fixture
def telemetry():
    new = Telemetry()
    new.reporters[FRONT] = FrontReporter(SCOPE, VpcId("vpc-1"), EPOCH)  # type: ignore[assignment]
    return new


@pytest.mark.parametrize(
    ("counters", "open_connections", "units"),
    [
        ({f"http.{AT}.downstream_cx_total": 3000}, 30, 2),
        ({f"http.{AT}.downstream_cx_total": 1}, 4500, 1.5),
        ({f"http.{AT}.downstream_cx_rx_bytes_total": 10**9 // 20}, 1, 3),
        ({f"elb.{AT}.evaluated": 240_000}, 1, 4),
    ],
)
def test_the_largest_share_of_a_unit_counts(telemetry, counters, open_connections, units):
    telemetry.record(FRONT, push(1, counters, {f"http.{AT}.downstream_cx_active": open_connections}), 1)
    reader = CapacityUnitReader(telemetry.reader)
    (period,) = reader.periods(SCOPE, UNITS, HOUR, 300)
    assert period.summary.maximum == pytest.approx(units)
    assert period.summary.count == 1


def test_a_shorter_period_has_the_values_of_minutes_at_their_times(telemetry):
    for minute in (1, 3):
        counters = {f"http.{AT}.downstream_cx_total": minute}
        at = minute * 60 + 1
        telemetry.record(FRONT, push(at, counters, {f"http.{AT}.downstream_cx_active": 3000}), at)
    reader = CapacityUnitReader(telemetry.reader)
    assert [period.start - EPOCH for period in reader.periods(SCOPE, UNITS, HOUR, 10)] == [60, 180]


def test_ten_rules_a_request_are_free(telemetry):
    group = f"{LB[1]}+targetgroup/shop/1"
    counters = {f"elb.{AT}.evaluated": 600_000, f"elb.{AT}.responses.target.{group}.class.2": 60_000}
    telemetry.record(FRONT, push(1, counters, {f"http.{AT}.downstream_cx_active": 3}), 1)
    (period,) = CapacityUnitReader(telemetry.reader).periods(SCOPE, UNITS, HOUR, 60)
    assert period.summary.sum == pytest.approx(0.001)


def test_the_metric_is_listed_once_in_its_place_and_belongs_to_the_installation(telemetry):
    telemetry.record(FRONT, push(1, {f"http.{AT}.downstream_cx_total": 3}, {f"http.{AT}.downstream_cx_active": 1}), 1)
    reader = CapacityUnitReader(telemetry.reader)
    listed = [entry.metric for entry in reader.metrics(SCOPE)]
    assert listed == sorted(listed)
    assert listed.count(UNITS) == 1
    assert [entry.metric for entry in reader.metrics_from(SCOPE, UNITS)] == listed[listed.index(UNITS) :]
    assert (list(reader.units(SCOPE, UNITS)), reader.is_measured(SCOPE, UNITS)) == (["Count"], True)


def test_another_load_balancer_has_none(telemetry):
    assert not CapacityUnitReader(telemetry.reader).periods(SCOPE, UNITS, HOUR, 60)
    assert list(CapacityUnitReader(telemetry.reader).units(SCOPE, UNITS)) == []


@pytest.mark.parametrize(
    ("counters", "gauges", "units"),
    [
        ({f"tcp.{AT_NET}+tcp.downstream_cx_total": 96_000}, {}, {"": 2, "_TCP": 2}),
        ({}, {f"connection_limit.{AT_NET}+tls.active_connections": 1500}, {"": 0.5, "_TLS": 0.5}),
        ({f"udp.{AT_NET}+udp.downstream_sess_rx_bytes": 10**9 // 20}, {}, {"": 3, "_UDP": 3}),
        (
            {f"tcp.{AT_NET}+tcp.downstream_cx_total": 48_000, f"udp.{AT_NET}+udp.downstream_sess_total": 24_000},
            {},
            {"": 2, "_TCP": 1, "_UDP": 1},
        ),
    ],
)
def test_a_network_load_balancer_has_the_sum_of_its_protocols(telemetry, counters, gauges, units):
    active = {
        f"listener.{AT_NET}.downstream_cx_active": 1,
        f"connection_limit.{AT_NET}+tcp.active_connections": 0,
        f"connection_limit.{AT_NET}+tls.active_connections": 0,
        f"udp.{AT_NET}+udp.downstream_sess_active": 0,
    }
    telemetry.record(FRONT, push(1, counters, active | gauges), 1)
    reader = CapacityUnitReader(telemetry.reader)
    for ending in ("", "_TCP", "_TLS", "_UDP"):
        metric = metric_id("AWS/NetworkELB", f"ConsumedLCUs{ending}", [NET])
        (period,) = reader.periods(SCOPE, metric, HOUR, 300)
        assert period.summary.maximum == pytest.approx(units.get(ending, 0))
    listed = [entry.metric for entry in reader.metrics(SCOPE)]
    assert listed == sorted(listed)
    assert {one.name for one in listed} >= {"ConsumedLCUs", "ConsumedLCUs_TCP", "ConsumedLCUs_TLS", "ConsumedLCUs_UDP"}
