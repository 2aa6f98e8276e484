"""The statistics of Service Connect's proxies."""

from __future__ import annotations

import pytest

from moyai.telemetry.ingest.push_decoder import MAX_ENDPOINTS
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, EndpointStats, Side, StatEndpoint
from tests.unit.telemetry.pushes import http_client, push, read_report

CLIENT = StatEndpoint(Side.CLIENT, "cart")
SERVER = StatEndpoint(Side.SERVER, "cart")


def counts(endpoint_stats: EndpointStats) -> dict[EndpointCounter, int]:
    """The counters that are not 0."""
    return {counter: value for counter in EndpointCounter if (value := endpoint_stats.counters[counter])}


def test_an_http_caller():
    endpoint_stats = read_report(http_client(1, requests=10, ok=8, failed=2, retried=3, targets=4)).endpoints[CLIENT]
    assert endpoint_stats.protocol == "http"
    assert endpoint_stats.counters[EndpointCounter.REQUESTS] == 10
    assert endpoint_stats.counters[EndpointCounter.CODE_2XX] == 8
    assert endpoint_stats.counters[EndpointCounter.FAILURES] == 2
    assert endpoint_stats.counters[EndpointCounter.RETRIES] == 3
    assert endpoint_stats.gauges[EndpointGauge.TARGETS] == 4


@pytest.mark.parametrize("side", [CLIENT, SERVER], ids=["caller", "server"])
def test_a_grpc_error_status_under_200_is_a_failure(side):
    subject = f"{side.side}.cart"
    numbers = {f"http.{subject}.downstream_rq_completed": 50, f"cluster.{subject}.upstream_rq_2xx": 50}
    statuses = {f"cluster.{subject}.grpc.{status}": 1 for status in range(17)}
    counters = read_report(push(1, numbers | statuses)).endpoints[side].counters
    assert counters[EndpointCounter.FAILURES] == 6
    assert counters[EndpointCounter.REQUESTS] == 50


def test_an_answer_of_5xx_counts_once_after_all_retries():
    numbers = {
        "http.egress.cart.downstream_rq_completed": 5,
        "http.egress.cart.downstream_rq_5xx": 2,
        "cluster.egress.cart.upstream_rq_5xx": 2,
        "cluster.egress.cart.upstream_rq_retry": 4,
    }
    assert read_report(push(1, numbers)).endpoints[CLIENT].counters[EndpointCounter.FAILURES] == 2


@pytest.mark.parametrize("side", [CLIENT, SERVER], ids=["caller", "server"])
def test_a_request_under_way_is_not_counted(side):
    numbers = {f"http.{side.side}.cart.downstream_cx_total": 1, f"http.{side.side}.cart.downstream_rq_completed": 0}
    assert read_report(push(1, numbers)).endpoints[side].counters[EndpointCounter.REQUESTS] == 0


@pytest.mark.parametrize("side", [CLIENT, SERVER], ids=["caller", "server"])
def test_a_request_counts_once_with_an_interim_response_or_without_any(side):
    counted = {"completed": 3, "1xx": 1, "unanswered": 1}
    numbers = {f"http.{side.side}.cart.downstream_rq_{name}": number for name, number in counted.items()}
    assert counts(read_report(push(1, numbers)).endpoints[side]) == {EndpointCounter.REQUESTS: 3}


@pytest.mark.parametrize("side", [CLIENT, SERVER], ids=["caller", "server"])
def test_a_proxy_of_an_older_moyai_counts_requests_that_began(side):
    numbers = {f"http.{side.side}.cart.downstream_rq_total": 3}
    assert read_report(push(1, numbers)).endpoints[side].counters[EndpointCounter.REQUESTS] == 3


def test_an_answer_that_was_cut_off_is_a_failure():
    numbers = {"http.egress.cart.downstream_rq_completed": 5, "http.egress.cart.downstream_rq_tx_reset": 1}
    assert read_report(push(1, numbers)).endpoints[CLIENT].counters[EndpointCounter.FAILURES] == 1


def test_a_tcp_caller_retries_until_it_gives_up():
    numbers = {
        "tcp.egress.cart.downstream_cx_total": 9,
        "cluster.egress.cart.upstream_cx_connect_fail": 5,
        "cluster.egress.cart.upstream_cx_connect_attempts_exceeded": 1,
        "cluster.egress.cart.upstream_cx_none_healthy": 2,
        "cluster.egress.cart.upstream_cx_rx_bytes_total": 100,
        "cluster.egress.cart.upstream_cx_tx_bytes_total": 11,
        "cluster.egress.cart.ssl.connection_error": 1,
        "cluster.egress.cart.ssl.fail_verify_san": 2,
        "cluster.egress.cart.ssl.fail_verify_error": 4,
    }
    endpoint_stats = read_report(push(1, numbers)).endpoints[CLIENT]
    assert endpoint_stats.protocol == "tcp"
    assert counts(endpoint_stats) == {
        EndpointCounter.CONNECTIONS: 9,
        EndpointCounter.FAILURES: 3,
        EndpointCounter.RETRIES: 4,
        EndpointCounter.BYTES: 111,
        EndpointCounter.TLS_ERRORS: 7,
    }


def test_servers():
    numbers = {
        "http.ingress.cart.downstream_rq_completed": 7,
        "http.ingress.cart.downstream_cx_total": 2,
        "http.ingress.cart.downstream_cx_rx_bytes_total": 70,
        "tcp.ingress.db.downstream_cx_total": 3,
        "tcp.ingress.db.downstream_cx_rx_bytes_total": 30,
        "listener.ingress.cart.ssl.connection_error": 5,
    }
    gauges = {"http.ingress.cart.downstream_cx_active": 1, "cluster.ingress.db.upstream_cx_active": 2}
    endpoints = read_report(push(1, numbers, gauges)).endpoints
    cart = {
        EndpointCounter.REQUESTS: 7,
        EndpointCounter.CONNECTIONS: 2,
        EndpointCounter.BYTES: 70,
        EndpointCounter.TLS_ERRORS: 5,
    }
    assert counts(endpoints[SERVER]) == cart
    assert endpoints[SERVER].gauges[EndpointGauge.OPEN_CONNECTIONS] == 1
    db = endpoints[StatEndpoint(Side.SERVER, "db")]
    assert counts(db) == {EndpointCounter.CONNECTIONS: 3, EndpointCounter.BYTES: 30}
    assert db.gauges[EndpointGauge.OPEN_CONNECTIONS] == 2


def test_times_are_milliseconds_by_bucket():
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    endpoint_stats = read_report(push(2, {"http.egress.cart.downstream_rq_completed": 4}, {}, times)).endpoints[CLIENT]
    assert endpoint_stats.times is not None
    assert endpoint_stats.times.histogram.counts == (1, 0, 2, 0, 0, 1)
    assert endpoint_stats.times.sum == 123.0


def test_statistics_of_another_form_are_ignored():
    names = (
        "server.uptime",
        "http.admin.x.downstream_rq_completed",
        "cluster.egress",
        "cluster.egress.cart",
        "a.b.c.d.e",
    )
    report = read_report(push(1, dict.fromkeys(names, 1)))
    assert report.endpoints == {}


def test_a_target_that_was_never_called_has_no_stats():
    assert read_report(push(1, {}, {"cluster.egress.cart.membership_total": 2})).endpoints == {}


def test_a_report_is_bounded():
    numbers = {f"http.egress.n{n}.downstream_rq_completed": 1 for n in range(MAX_ENDPOINTS + 5)}
    assert len(read_report(push(1, numbers)).endpoints) == MAX_ENDPOINTS
