"""What is read out of a push."""

from __future__ import annotations

import pytest

from moyai.telemetry.envoy_stats import Counted, Endpoint, Figure, Gauge, Side
from moyai.telemetry.pushes import MAX_ENDPOINTS
from tests.unit.telemetry.pushes import http_client, push, read_report

CLIENT = Endpoint(Side.CLIENT, "cart")
SERVER = Endpoint(Side.SERVER, "cart")


def counts(counted: Counted) -> dict[Figure, int]:
    """Those that are not 0."""
    return {figure: value for figure in Figure if (value := counted.counters[figure])}


def test_an_http_caller():
    counted = read_report(http_client(1, requests=10, ok=8, failed=2, retried=3, targets=4)).endpoints[CLIENT]
    assert counted.protocol == "http"
    assert counted.counters[Figure.REQUESTS] == 10
    assert counted.counters[Figure.CODE_2XX] == 8
    assert counted.counters[Figure.FAILURES] == 2
    assert counted.counters[Figure.RETRIES] == 3
    assert counted.gauges[Gauge.TARGETS] == 4


@pytest.mark.parametrize("side", [CLIENT, SERVER], ids=["caller", "server"])
def test_a_failure_that_grpc_hides_under_200_is_seen_by_its_own_status(side):
    subject = f"{side.side}.cart"
    numbers = {f"http.{subject}.downstream_rq_total": 50, f"cluster.{subject}.upstream_rq_2xx": 50}
    statuses = {f"cluster.{subject}.grpc.{status}": 1 for status in range(17)}
    counters = read_report(push(1, numbers | statuses)).endpoints[side].counters
    assert counters[Figure.FAILURES] == 6
    assert counters[Figure.REQUESTS] == 50


def test_an_answer_of_5xx_counts_once_however_often_it_was_tried():
    numbers = {
        "http.egress.cart.downstream_rq_total": 5,
        "http.egress.cart.downstream_rq_5xx": 2,
        "cluster.egress.cart.upstream_rq_5xx": 2,
        "cluster.egress.cart.upstream_rq_retry": 4,
    }
    assert read_report(push(1, numbers)).endpoints[CLIENT].counters[Figure.FAILURES] == 2


def test_an_answer_cut_off_half_way_has_failed():
    numbers = {"http.egress.cart.downstream_rq_total": 5, "http.egress.cart.downstream_rq_tx_reset": 1}
    assert read_report(push(1, numbers)).endpoints[CLIENT].counters[Figure.FAILURES] == 1


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
    counted = read_report(push(1, numbers)).endpoints[CLIENT]
    assert counted.protocol == "tcp"
    assert counts(counted) == {
        Figure.CONNECTIONS: 9,
        Figure.FAILURES: 3,
        Figure.RETRIES: 4,
        Figure.BYTES: 111,
        Figure.TLS_ERRORS: 7,
    }


def test_servers():
    numbers = {
        "http.ingress.cart.downstream_rq_total": 7,
        "http.ingress.cart.downstream_cx_total": 2,
        "http.ingress.cart.downstream_cx_rx_bytes_total": 70,
        "tcp.ingress.db.downstream_cx_total": 3,
        "tcp.ingress.db.downstream_cx_rx_bytes_total": 30,
        "listener.ingress.cart.ssl.connection_error": 5,
    }
    gauges = {"http.ingress.cart.downstream_cx_active": 1, "cluster.ingress.db.upstream_cx_active": 2}
    endpoints = read_report(push(1, numbers, gauges)).endpoints
    cart = {Figure.REQUESTS: 7, Figure.CONNECTIONS: 2, Figure.BYTES: 70, Figure.TLS_ERRORS: 5}
    assert counts(endpoints[SERVER]) == cart
    assert endpoints[SERVER].gauges[Gauge.OPEN_CONNECTIONS] == 1
    db = endpoints[Endpoint(Side.SERVER, "db")]
    assert counts(db) == {Figure.CONNECTIONS: 3, Figure.BYTES: 30}
    assert db.gauges[Gauge.OPEN_CONNECTIONS] == 2


def test_times_are_milliseconds_by_bucket():
    times = {"cluster.egress.cart.upstream_rq_time": ((1, 0, 2, 0, 0, 1), 123.0)}
    counted = read_report(push(2, {"http.egress.cart.downstream_rq_total": 4}, {}, times)).endpoints[CLIENT]
    assert counted.time is not None
    assert counted.time.histogram.counts == (1, 0, 2, 0, 0, 1)
    assert counted.time.sum == 123.0


def test_what_has_another_form_is_passed_over():
    names = ("server.uptime", "http.admin.x.downstream_rq_total", "cluster.egress", "cluster.egress.cart", "a.b.c.d.e")
    report = read_report(push(1, dict.fromkeys(names, 1)))
    assert report.endpoints == {}


def test_a_target_that_was_never_called_has_no_figures():
    assert read_report(push(1, {}, {"cluster.egress.cart.membership_total": 2})).endpoints == {}


def test_a_report_is_bounded():
    numbers = {f"http.egress.n{n}.downstream_rq_total": 1 for n in range(MAX_ENDPOINTS + 5)}
    assert len(read_report(push(1, numbers)).endpoints) == MAX_ENDPOINTS
