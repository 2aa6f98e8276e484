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
        f"elb.{AT}.own.code.503.answer.": 1,
        f"elb.{AT}.own.code.503.answer.action": 1,
        f"elb.{AT}.own.code.502.answer.": 1,
        f"elb.{AT}.own.code.464.answer.464": 1,
        f"elb.{AT}.own.code.200.answer.464": 3,
        f"elb.{AT}.own.code.0.answer.": 2,
        f"elb.{AT}.own.code.404.answer.action": 4,
        f"elb.{AT}.own.code.200.answer.action": 9,
        f"elb.{AT}.own.code.301.answer.action": 1,
        f"elb.{AT}.own.code.302.answer.action": 2,
    }
    telemetry.record(FRONT, push(1, counters), 1)
    assert value(telemetry, "HTTPCode_ELB_5XX_Count", LB) == 3
    assert value(telemetry, "HTTPCode_ELB_503_Count", LB, ZONE) == 2
    assert value(telemetry, "HTTPCode_ELB_502_Count", LB) == 1
    assert value(telemetry, "HTTPCode_ELB_4XX_Count", LB) == 10
    assert value(telemetry, "HTTP_Fixed_Response_Count", LB) == 14
    assert value(telemetry, "HTTP_Redirect_Count", LB) == 3


def test_network_load_balancers_count_flows(telemetry):
    counters = {
        f"tcp.{NET}@us-east-1a+tcp.downstream_cx_total": 3,
        f"tcp.{NET}@us-east-1a+tls.downstream_cx_total": 4,
        f"udp.{NET}@us-east-1a+udp.downstream_sess_total": 2,
        f"tcp.{NET}@us-east-1a+tcp.downstream_cx_rx_bytes_total": 70,
        f"udp.{NET}@us-east-1a+udp.downstream_sess_tx_bytes": 9,
        f"listener.{NET}@us-east-1a.ssl.connection_error": 1,
        f"listener.{NET}@us-east-1a.downstream_cx_overflow": 5,
        f"connection_limit.{NET}@us-east-1a+tcp.limited_connections": 1,
        f"connection_limit.{NET}@us-east-1a+tls.limited_connections": 2,
    }
    gauges = {
        f"listener.{NET}@us-east-1a.downstream_cx_active": 2,
        f"udp.{NET}@us-east-1a+udp.downstream_sess_active": 1,
        f"connection_limit.{NET}@us-east-1a+tcp.active_connections": 2,
    }
    telemetry.record(FRONT, push(1, counters, gauges), 1)
    balancer = ("LoadBalancer", NET)
    assert value(telemetry, "ActiveFlowCount", balancer, statistic="Maximum", namespace="AWS/NetworkELB") == 3
    assert value(telemetry, "ProcessedBytes", balancer, ZONE, namespace="AWS/NetworkELB") == 79
    flows = {"NewFlowCount": 9, "NewFlowCount_TCP": 3, "NewFlowCount_TLS": 4, "NewFlowCount_UDP": 2}
    assert {name: value(telemetry, name, balancer, namespace="AWS/NetworkELB") for name in flows} == flows
    assert value(telemetry, "ProcessedBytes_UDP", balancer, namespace="AWS/NetworkELB") == 9
    assert value(telemetry, "RejectedFlowCount", balancer, namespace="AWS/NetworkELB") == 8
    active = {"ActiveFlowCount_TCP": 2, "ActiveFlowCount_TLS": 0, "ActiveFlowCount_UDP": 1}
    for name, number in active.items():
        assert value(telemetry, name, balancer, statistic="Maximum", namespace="AWS/NetworkELB") == number
    assert value(telemetry, "ClientTLSNegotiationErrorCount", balancer, namespace="AWS/NetworkELB") == 1


def test_a_reset_counts_once_for_the_side_that_began_it(telemetry):
    ended = f"elb.{NET}@us-east-1a.ended"
    counters = {
        f"{ended}.client.RemoteReset.target.Normal": 1,
        f"{ended}.client.RemoteReset.target.-": 1,
        f"{ended}.client.LocalReset.target.RemoteReset": 3,
        f"{ended}.client.Normal.target.RemoteReset": 4,
        f"{ended}.client.LocalReset.target.-": 5,
        f"{ended}.client.Normal.target.Normal": 99,
    }
    telemetry.record(FRONT, push(1, counters), 1)
    resets = {"TCP_Client_Reset_Count": 2, "TCP_Target_Reset_Count": 7, "TCP_ELB_Reset_Count": 5}
    balancer = ("LoadBalancer", NET)
    assert {name: value(telemetry, name, balancer, namespace="AWS/NetworkELB") for name in resets} == resets


def test_rules_are_counted_as_often_as_they_are_compared(telemetry):
    counters = {f"elb.{at}.evaluated.rules.{rules}": n for at, rules, n in ((AT, 1, 5), (AT, 100, 1), (OTHER, 3, 1))}
    counters |= {f"elb.{AT}.evaluated": 100, f"elb.{AT}.evaluated.rules.": 7}
    telemetry.record(FRONT, push(1, counters), 1)
    assert value(telemetry, "RuleEvaluations", LB) == 208
    assert value(telemetry, "RuleEvaluations", LB, ZONE) is None


def test_connections_above_a_limit_and_what_is_no_http_are_counted(telemetry):
    counters = {
        f"connection_limit.{AT}.limited_connections": 1,
        f"listener.{AT}.downstream_global_cx_overflow": 2,
        f"listener.{OTHER}.downstream_cx_overload_reject": 4,
        f"http.{AT}.downstream_cx_protocol_error": 8,
        f"elb.{AT}.dropped.headers.yes": 3,
        f"elb.{AT}.dropped.headers.": 90,
    }
    telemetry.record(FRONT, push(1, counters), 1)
    assert value(telemetry, "RejectedConnectionCount", LB) == 7
    assert value(telemetry, "RejectedConnectionCount", LB, ZONE) == 3
    assert value(telemetry, "DesyncMitigationMode_NonCompliant_Request_Count", LB) == 8
    assert value(telemetry, "DroppedInvalidHeaderRequestCount", LB, ZONE) == 3


def test_targets_chosen_in_a_group_with_too_few_healthy_ones_are_counted(telemetry):
    counters = {
        f"cluster.{GROUP}.lb_healthy_panic": 7,
        f"cluster.{GROUP}.upstream_cx_none_healthy": 2,
        f"cluster.{LB[1]}+targetgroup/page/1.lb_healthy_panic": 1,
        f"cluster.{NET}+{TG[1]}@us-east-1a.lb_healthy_panic": 3,
    }
    telemetry.record(FRONT, push(1, counters), 1)
    assert value(telemetry, "UnhealthyRoutingRequestCount", LB) == 6
    assert value(telemetry, "UnhealthyRoutingRequestCount", LB, TG) == 5
    for more in ((), (TG, ZONE)):
        dimensions = (("LoadBalancer", NET), *more)
        assert value(telemetry, "UnhealthyRoutingFlowCount", *dimensions, namespace="AWS/NetworkELB") == 3


def test_requests_to_a_group_for_grpc_are_grpc_requests(telemetry):
    counters = {
        f"elb.{AT}.responses.target.{GROUP}+grpc.class.2": 4,
        f"elb.{AT}.responses.target.{LB[1]}+targetgroup/page/1.class.2": 3,
    }
    gauges = {f"cluster.{GROUP}+grpc.membership_{name}": 2 for name in ("healthy", "total")}
    telemetry.record(FRONT, push(1, counters, gauges), 1)
    assert value(telemetry, "RequestCount", LB) == 7
    assert value(telemetry, "GrpcRequestCount", LB) == 4
    assert value(telemetry, "GrpcRequestCount", LB, TG, ZONE) == 4
    assert value(telemetry, "HealthyHostCount", LB, TG, statistic="Maximum") == 2
