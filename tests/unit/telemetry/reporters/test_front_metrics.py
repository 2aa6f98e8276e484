"""A front proxy's statistics become the metrics of load balancers, under AWS's names."""

from __future__ import annotations

import pytest

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, VpcId
from moyai.telemetry.reporters.front_reporter import FrontReporter
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import SCOPE, Telemetry, push

FRONT = ProxyId("front/vpc-1")
ALL = (EPOCH, Instant(EPOCH + 3600))
LB = ("LoadBalancer", "app/web/50dc6c495c0c9188")
TG = ("TargetGroup", "targetgroup/shop/73e2d6bc24d8a067")
ZONE = ("AvailabilityZone", "us-east-1a")
AT = f"{LB[1]}@us-east-1a"
OTHER = f"{LB[1]}@us-east-1b"
GROUP = f"{LB[1]}+{TG[1]}"
NET = "net/edge/50dc6c495c0c9188"


@pytest.fixture
def telemetry():
    new = Telemetry()
    new.reporters[FRONT] = FrontReporter(SCOPE, VpcId("vpc-1"), EPOCH)  # type: ignore[assignment]
    return new


def value(telemetry, name, *dimensions, statistic="Sum", namespace="AWS/ApplicationELB"):
    periods = telemetry.reader.periods(SCOPE, metric_id(namespace, name, dimensions), ALL, 3600)
    return evaluate(statistic, periods[0].summary) if periods else None


def test_requests_count_for_the_load_balancer_the_group_and_the_zone(telemetry):
    counters = {
        f"elb.{AT}.responses.target.{GROUP}.class.1": 1,
        f"elb.{AT}.responses.target.{GROUP}.class.2": 4,
        f"elb.{OTHER}.responses.target.{GROUP}.class.2": 3,
        f"elb.{AT}.responses.target.{GROUP}.class.5": 1,
        f"elb.{AT}.failed.tried.true.target.{GROUP}": 1,
        f"elb.{OTHER}.failed.tried.true.target.{GROUP}": 2,
        f"elb.{AT}.failed.tried.false.target.{GROUP}": 8,
        f"elb.{AT}.failed.tried.false.target.-": 9,
        f"cluster.{GROUP}.upstream_rq_total": 12,
    }
    gauges = {f"cluster.{GROUP}.membership_{name}": n for name, n in (("healthy", 3), ("total", 5), ("excluded", 1))}
    telemetry.record(FRONT, push(1, counters, gauges), 1)
    assert value(telemetry, "RequestCount", LB) == 12
    assert value(telemetry, "RequestCount", LB, ZONE) == 7
    assert value(telemetry, "RequestCount", LB, TG) == 12
    assert value(telemetry, "RequestCount", LB, TG, ZONE) == 7
    assert value(telemetry, "HTTPCode_Target_2XX_Count", LB, TG) == 7
    assert value(telemetry, "HTTPCode_Target_5XX_Count", LB) == 1
    assert value(telemetry, "HTTPCode_Target_4XX_Count", LB) is None
    assert value(telemetry, "RequestCountPerTarget", TG) == 4
    assert value(telemetry, "RequestCountPerTarget", LB, TG) == 4
    assert value(telemetry, "HealthyHostCount", LB, TG, statistic="Maximum") == 3
    assert value(telemetry, "UnHealthyHostCount", LB, TG, statistic="Maximum") == 1


def test_response_times_are_in_seconds(telemetry):
    times = {f"elb.{AT}.time.target.{GROUP}": ((0, 0, 0, 2, 0, 0), 14.0)}
    telemetry.record(FRONT, push(1, {f"elb.{AT}.responses.target.{GROUP}.class.2": 2}, times=times), 1)
    assert value(telemetry, "TargetResponseTime", LB, TG, statistic="Average") == pytest.approx(0.007)
    assert 0.005 <= value(telemetry, "TargetResponseTime", LB, statistic="p50") <= 0.01


def test_the_load_balancers_own_responses_are_counted_by_status(telemetry):
    counters = {
        f"elb.{AT}.own.code.503.direct.false": 1,
        f"elb.{AT}.own.code.503.direct.true": 1,
        f"elb.{AT}.own.code.502.direct.false": 1,
        f"elb.{AT}.own.code.404.direct.true": 4,
        f"elb.{AT}.own.code.200.direct.true": 9,
        f"elb.{AT}.own.code.301.direct.true": 1,
        f"elb.{AT}.own.code.302.direct.true": 2,
    }
    telemetry.record(FRONT, push(1, counters), 1)
    assert value(telemetry, "HTTPCode_ELB_5XX_Count", LB) == 3
    assert value(telemetry, "HTTPCode_ELB_503_Count", LB, ZONE) == 2
    assert value(telemetry, "HTTPCode_ELB_502_Count", LB) == 1
    assert value(telemetry, "HTTPCode_ELB_4XX_Count", LB) == 4
    assert value(telemetry, "HTTP_Fixed_Response_Count", LB) == 14
    assert value(telemetry, "HTTP_Redirect_Count", LB) == 3


def test_network_load_balancers_count_flows(telemetry):
    counters = {
        f"tcp.{NET}@us-east-1a.downstream_cx_total": 3,
        f"udp.{NET}@us-east-1a.downstream_sess_total": 2,
        f"tcp.{NET}@us-east-1a.downstream_cx_rx_bytes_total": 70,
        f"listener.{NET}@us-east-1a.ssl.connection_error": 1,
    }
    telemetry.record(FRONT, push(1, counters, {f"listener.{NET}@us-east-1a.downstream_cx_active": 2}), 1)
    balancer = ("LoadBalancer", NET)
    assert value(telemetry, "NewFlowCount", balancer, namespace="AWS/NetworkELB") == 5
    assert value(telemetry, "ActiveFlowCount", balancer, statistic="Maximum", namespace="AWS/NetworkELB") == 2
    assert value(telemetry, "ProcessedBytes", balancer, ZONE, namespace="AWS/NetworkELB") == 70
    assert value(telemetry, "ClientTLSNegotiationErrorCount", balancer, namespace="AWS/NetworkELB") == 1
