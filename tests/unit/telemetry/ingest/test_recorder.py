"""Reports become metrics under AWS's names, and under ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.domain.connect.names import ConnectView, Offer
from moyai.domain.ecs.task_definition import AppProtocol
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn, ProxyId
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.reporters.identify import service_reporter
from moyai.testing.clock import EPOCH
from moyai.testing.world import Builder
from tests.unit.telemetry.pushes import CART, FRONT, SCOPE, Telemetry, called_requests, http_client, push

ALL = (EPOCH, Instant(EPOCH + 3600))
BY_FRONT = (("TargetDiscoveryName", "cart"), ("ServiceName", "front"), ("ClusterName", "shop"))
OF_CART = (("DiscoveryName", "cart"), ("ServiceName", "cart"), ("ClusterName", "shop"))


def value(telemetry: Telemetry, name: str, dimensions, statistic: str = "Sum", namespace: str = "AWS/ECS"):
    periods = telemetry.reader.periods(SCOPE, metric_id(namespace, name, dimensions), ALL, 3600)
    return evaluate(statistic, periods[0].summary) if periods else None


def test_a_callers_metrics_have_the_callers_service():
    telemetry = Telemetry()
    telemetry.record(FRONT, http_client(1, requests=10, ok=9, failed=1, retried=2, targets=2), 1)
    assert value(telemetry, "HTTPCode_Target_2XX_Count", BY_FRONT) == 9
    assert value(telemetry, "HTTPCode_Target_2XX_Count", BY_FRONT[:1]) == 9
    assert value(telemetry, "HTTPCode_Target_5XX_Count", BY_FRONT) == 1
    assert value(telemetry, "RequestCountPerTarget", BY_FRONT, "Average") == 5
    assert value(telemetry, "RequestFailureCount", BY_FRONT, namespace="Moyai/ServiceConnect") == 1
    assert value(telemetry, "RetryCount", BY_FRONT, namespace="Moyai/ServiceConnect") == 2
    assert value(telemetry, "TargetRequestCount", BY_FRONT, namespace="Moyai/ServiceConnect") == 10


def test_a_servers_metrics_have_the_servers_service():
    telemetry = Telemetry()
    counters = {
        "http.ingress.cart.downstream_rq_completed": 7,
        "http.ingress.cart.downstream_cx_total": 3,
        "http.ingress.cart.downstream_cx_rx_bytes_total": 70,
        "http.ingress.prices.downstream_rq_completed": 4,
    }
    telemetry.record(CART, push(1, counters, {"http.ingress.cart.downstream_cx_active": 2}), 1)
    assert value(telemetry, "RequestCount", OF_CART) == 7
    assert value(telemetry, "NewConnectionCount", OF_CART) == 3
    assert value(telemetry, "ActiveConnectionCount", OF_CART, "Maximum") == 2
    assert value(telemetry, "ProcessedBytes", OF_CART) == 70
    assert value(telemetry, "GrpcRequestCount", OF_CART) is None
    assert value(telemetry, "GrpcRequestCount", (("DiscoveryName", "prices"), *OF_CART[1:])) == 4


def test_an_unchanged_counter_has_no_point():
    telemetry = Telemetry()
    telemetry.record(FRONT, http_client(1, requests=10, ok=10), 1)
    telemetry.record(FRONT, http_client(61, requests=10, ok=10), 61)
    metric = metric_id("AWS/ECS", "HTTPCode_Target_2XX_Count", BY_FRONT)
    assert [p.start - EPOCH for p in telemetry.reader.periods(SCOPE, metric, ALL, 60)] == [0]
    assert value(telemetry, "HTTPCode_Target_5XX_Count", BY_FRONT) is None


@given(st.lists(st.tuples(st.integers(1, 90), st.integers(0, 40)), min_size=1, max_size=15))
def test_requests_are_counted_exactly_over_any_reports(steps):
    telemetry, at, requests = Telemetry(), 0, 0
    for wait, new in steps:
        at, requests = at + wait, requests + new
        telemetry.record(FRONT, http_client(at, requests=requests, ok=requests), at)
    for seconds in (5, 60, 300):
        metric = metric_id("AWS/ECS", "HTTPCode_Target_2XX_Count", BY_FRONT)
        periods = telemetry.reader.periods(SCOPE, metric, ALL, seconds)
        assert sum(period.summary.sum for period in periods) == requests


def test_a_proxy_older_than_this_control_plane_begins_with_a_baseline():
    telemetry = Telemetry(since=Instant(EPOCH + 10))
    telemetry.record(FRONT, http_client(1, requests=100, ok=100), 11)
    telemetry.record(FRONT, http_client(2, requests=103, ok=103), 16)
    assert value(telemetry, "HTTPCode_Target_2XX_Count", BY_FRONT) == 3


def test_an_unknown_proxy_is_not_counted():
    telemetry = Telemetry()
    assert telemetry.record(ProxyId("unknown"), http_client(1, requests=1), 1) is False
    assert telemetry.reader.metrics(SCOPE) == []


def test_the_last_report_of_a_deleted_task_is_counted():
    telemetry = Telemetry()
    telemetry.record(FRONT, http_client(1, requests=1, ok=1), 1)
    telemetry.reporters.clear()
    telemetry.record(FRONT, http_client(2, requests=2, ok=2), 2)
    assert value(telemetry, "HTTPCode_Target_2XX_Count", BY_FRONT) == 2


def test_counts_that_are_not_read_at_one_instant_do_not_restart():
    telemetry = Telemetry()
    for second, failed, given_up in ((1, 1000, 500), (2, 1000, 501), (3, 1004, 503), (4, 2, 1), (5, 4, 2)):
        counts = {
            "tcp.egress.db.downstream_cx_total": 2000,
            "cluster.egress.db.upstream_cx_connect_fail": failed,
            "cluster.egress.db.upstream_cx_connect_attempts_exceeded": given_up,
        }
        telemetry.record(FRONT, push(second, counts), second)
        retries, failures = (
            value(telemetry, name, (("TargetDiscoveryName", "db"),), namespace="Moyai/ServiceConnect")
            for name in ("RetryCount", "RequestFailureCount")
        )
        assert (retries, failures) == {
            1: (500, 500),
            2: (500, 501),
            3: (501, 503),
            4: (502, 504),  # the cluster's counts have begun again
            5: (503, 505),
        }[second]


def test_a_callers_metrics_name_the_target():
    telemetry = Telemetry()
    times = {"cluster.egress.cart.upstream_rq_time": ((0, 0, 98, 0, 2, 0), 500.0)}
    counters = {"http.egress.cart.downstream_rq_completed": 100, "tcp.egress.db.downstream_cx_total": 4}
    telemetry.record(FRONT, push(1, counters, {}, times), 1)
    own, to_db = "Moyai/ServiceConnect", (("TargetDiscoveryName", "db"), *BY_FRONT[1:])
    assert value(telemetry, "TargetRequestCount", BY_FRONT, namespace=own) == 100
    assert value(telemetry, "RequestFailureCount", BY_FRONT, namespace=own) is None
    assert value(telemetry, "TargetConnectionCount", BY_FRONT, namespace=own) is None
    median, p99 = (value(telemetry, "TargetResponseTime", BY_FRONT, statistic) for statistic in ("p50", "p99"))
    assert median is not None
    assert p99 is not None
    assert 2 < median <= 5
    assert 10 < p99 <= 100
    assert value(telemetry, "TargetConnectionCount", to_db, namespace=own) == 4
    assert value(telemetry, "TargetRequestCount", to_db, namespace=own) is None
    assert value(telemetry, "TargetResponseTime", to_db, "p50") is None
    assert called_requests(telemetry.reader, EPOCH) == 100
    assert called_requests(telemetry.reader, Instant(EPOCH + 60)) == 0


def test_reset_leaves_nothing():
    telemetry = Telemetry()
    telemetry.record(FRONT, http_client(1, requests=1), 1)
    telemetry.recorder.reset(EPOCH)
    assert telemetry.reader.metrics(SCOPE) == []


@pytest.fixture
def builder() -> Builder:
    return Builder()


def test_a_task_reports_for_its_service(builder):
    task = builder.run(builder.definition("web"))
    assert service_reporter(builder.world, ProxyId(task)) is None
    assert service_reporter(builder.world, ProxyId("nobody")) is None
    service = builder.service("web", builder.definition("web"))
    offer = Offer(DiscoveryServiceArn("d"), "prices", 9000, AppProtocol.GRPC)
    current_task = builder.world.tasks[task]
    owned = replace(current_task, service=service, view=ConnectView(NamespaceArn("n"), offers=(offer,)))
    builder.book.apply([Put(owned)])
    assert service_reporter(builder.world, ProxyId(task)) == ServiceReporter(
        SCOPE, "default", "web", current_task.created_at, frozenset({"prices"})
    )


def test_each_task_behind_a_name_has_metrics_of_its_own():
    telemetry = Telemetry()
    other = ProxyId(f"{CART}2")
    telemetry.reporters[other] = telemetry.reporters[CART]
    for proxy, requests, slow in ((CART, 5, 0), (other, 2, 9)):
        counters = {
            "http.ingress.cart.downstream_rq_completed": requests,
            "http.ingress.cart.downstream_cx_total": 1,
            "http.ingress.cart.downstream_rq_5xx": 1,
        }
        times = {"cluster.ingress.cart.upstream_rq_time": ((requests, 0, 0, 0, 0, slow), 1.0)}
        telemetry.record(proxy, push(1, counters, {}, times), 1)
    own = "Moyai/ServiceConnect"
    for task, requests, answers in (("cart1", 5, 5), ("cart12", 2, 11)):
        dimensions = (*OF_CART, ("TaskId", task))
        assert value(telemetry, "TaskRequestCount", dimensions, namespace=own) == requests
        assert value(telemetry, "TaskFailureCount", dimensions, namespace=own) == 1
        assert value(telemetry, "TaskResponseTime", dimensions, "SampleCount", namespace=own) == answers
    assert value(telemetry, "RequestCount", OF_CART) == 7


def test_timeouts_and_ejected_targets_have_points_only_when_there_are_some():
    telemetry = Telemetry()
    numbers = {"http.egress.cart.downstream_rq_completed": 9}
    ejected = {"cluster.egress.cart.outlier_detection.ejections_active": 0}
    telemetry.record(FRONT, push(1, numbers, ejected), 1)
    own = "Moyai/ServiceConnect"
    assert value(telemetry, "RequestTimeoutCount", BY_FRONT, namespace=own) is None
    assert value(telemetry, "EjectedTargetCount", BY_FRONT, namespace=own) is None
    late = {
        "cluster.egress.cart.upstream_rq_timeout": 2,
        "cluster.egress.cart.upstream_rq_per_try_timeout": 1,
    }
    ejected = {"cluster.egress.cart.outlier_detection.ejections_active": 3}
    telemetry.record(FRONT, push(2, numbers | late, ejected), 6)
    assert value(telemetry, "RequestTimeoutCount", BY_FRONT, namespace=own) == 3
    assert value(telemetry, "EjectedTargetCount", BY_FRONT, "Maximum", namespace=own) == 3
