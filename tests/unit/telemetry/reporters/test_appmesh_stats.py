"""The statistics of App Mesh's proxies."""

from __future__ import annotations

from moyai.telemetry.reporters.appmesh_stats import PROXY, route_of
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, Side, StatEndpoint
from tests.unit.telemetry.meshes import LEDGER_CLUSTER, RED_CLUSTER, read_report, virtual_node_counters
from tests.unit.telemetry.pushes import push

RED = StatEndpoint(Side.CLIENT, f"cluster.{RED_CLUSTER}")
LEDGER = StatEndpoint(Side.CLIENT, f"cluster.{LEDGER_CLUSTER}")


def endpoint_stats(counters, gauges=None, times=None, endpoint=RED):
    return read_report(push(1, counters, gauges, times)).endpoints[endpoint]


def test_a_virtual_node_that_is_called():
    numbers = virtual_node_counters(RED_CLUSTER, ok=8, failed=2, retried=3) | {
        f"cluster.{RED_CLUSTER}.upstream_cx_rx_bytes_total": 100,
        f"cluster.{RED_CLUSTER}.upstream_cx_tx_bytes_total": 20,
        f"cluster.{RED_CLUSTER}.upstream_rq_timeout": 1,
        f"cluster.{RED_CLUSTER}.upstream_rq_per_try_timeout": 4,
        f"cluster.{RED_CLUSTER}.ssl.fail_verify_san": 5,
        f"cluster.{RED_CLUSTER}.ssl.connection_error": 1,
    }
    levels = {f"cluster.{RED_CLUSTER}.membership_total": 3}
    stats = endpoint_stats(numbers, levels, {f"cluster.{RED_CLUSTER}.upstream_rq_time": ((1, 2, 3, 4, 0, 0), 40)})
    counters = {counter: stats.counters[counter] for counter in EndpointCounter if stats.counters[counter]}
    assert counters == {
        EndpointCounter.REQUESTS: 10,
        EndpointCounter.CODE_2XX: 8,
        EndpointCounter.CODE_5XX: 2,
        EndpointCounter.FAILURES: 2,
        EndpointCounter.RETRIES: 3,
        EndpointCounter.BYTES: 120,
        EndpointCounter.TIMEOUTS: 5,
        EndpointCounter.TLS_ERRORS: 6,
    }
    assert stats.gauges[EndpointGauge.TARGETS] == 3
    assert stats.times is not None
    assert stats.times.histogram.total == 10


def test_a_grpc_error_status_is_a_failure():
    numbers = virtual_node_counters(RED_CLUSTER, ok=9, failed=1) | {
        f"cluster.{RED_CLUSTER}.grpc.{status}": n for status, n in ((0, 6), (13, 2), (14, 2), (5, 9))
    }
    assert endpoint_stats(numbers).counters[EndpointCounter.FAILURES] == 4


def test_connections_to_a_virtual_node():
    numbers = {
        f"cluster.{LEDGER_CLUSTER}.upstream_cx_total": 10,
        f"cluster.{LEDGER_CLUSTER}.upstream_cx_connect_fail": 2,
        f"cluster.{LEDGER_CLUSTER}.upstream_cx_connect_attempts_exceeded": 2,
        f"cluster.{LEDGER_CLUSTER}.upstream_cx_none_healthy": 3,
    }
    stats = endpoint_stats(numbers, endpoint=LEDGER)
    assert stats.protocol == "tcp"
    assert stats.counters[EndpointCounter.CONNECTIONS] == 13
    assert stats.counters[EndpointCounter.FAILURES] == 5
    assert stats.counters[EndpointCounter.REQUESTS] == stats.counters[EndpointCounter.RETRIES] == 0


def test_several_listeners_are_counted_apart():
    numbers = {
        "http.ingress.http.8080.downstream_rq_total": 4,
        "http.ingress.grpc.9090.downstream_rq_total": 5,
        "tcp.ingress.tcp.7000.downstream_cx_total": 6,
        "tcp.ingress.tcp.7000.downstream_cx_rx_bytes_total": 7,
        "tcp.ingress.tcp.7000.downstream_cx_tx_bytes_total": 8,
    }
    endpoints = read_report(push(1, numbers)).endpoints
    assert {endpoint.name: one.counters[EndpointCounter.REQUESTS] for endpoint, one in endpoints.items()} == {
        "http.ingress.http.8080": 4,
        "http.ingress.grpc.9090": 5,
        "tcp.ingress.tcp.7000": 0,
    }
    stream = endpoints[StatEndpoint(Side.SERVER, "tcp.ingress.tcp.7000")]
    assert (stream.counters[EndpointCounter.CONNECTIONS], stream.counters[EndpointCounter.BYTES]) == (6, 15)


def test_open_connections_are_of_the_whole_proxy():
    levels = {
        "http.ingress.http.8080.downstream_cx_active": 4,
        "cluster.cds_ingress_shop_ledger_tcp_7000.upstream_cx_active": 3,
        "cluster.cds_ingress_shop_ledger_http_8080.upstream_cx_active": 9,
    }
    endpoints = read_report(push(1, {}, levels)).endpoints
    assert endpoints[PROXY].gauges == (7, None, None)
    assert not any(endpoints[PROXY].counters)


def test_handshakes_of_callers_are_counted_by_listener():
    numbers = {f"listener.0.0.0.0_{port}.ssl.fail_verify_no_cert": 2 for port in (15000, 8443)}
    endpoints = read_report(push(1, numbers)).endpoints
    assert {endpoint.name: one.counters[EndpointCounter.TLS_ERRORS] for endpoint, one in endpoints.items()} == {
        "listener.0.0.0.0_15000": 2,
        "listener.0.0.0.0_8443": 2,
    }


def test_a_virtual_service_may_have_any_name():
    name = "vhost.a.route.b.route.c-1"
    report = read_report(push(1, {f"{name}.upstream_rq_completed": 2, f"{name}.upstream_rq_2xx": 2}))
    [endpoint] = report.endpoints
    assert route_of(endpoint) == ("a.route.b", "c-1")


def test_other_clusters_are_ignored():
    numbers = {
        f"cluster.{name}.upstream_rq_completed": 1
        for name in ("moyai-xds", "cds_egress_shop_mesh-allow-all", "cds_egress_shop_amazonaws", "mine")
    }
    assert not read_report(push(1, numbers | {"http.egress.downstream_rq_total": 1})).endpoints
