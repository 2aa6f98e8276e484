"""What one Envoy says it has counted, read out of its OpenTelemetry push. Pure.

Promise: names are ``<kind>.<side>.<discovery name>.<statistic>`` (kind ``cluster``, ``listener``, ``http`` or
``tcp``); whatever has another form is passed over, so that a newer Envoy may say more. All counts run from the proxy's
start. ``start_time_unix_nano`` is not read: Envoy 1.40 writes microseconds there.

What counts as failed is what the caller saw fail, after all retries:

- HTTP: answers of 5xx, the proxy's own 503 and 504 among them, and answers cut off half-way.
- gRPC: calls to which no target answered, and streams cut off. A status that the application itself chose
  is its answer, not a failure of the mesh; gRPC carries it under HTTP's 200.
- TCP: connections that were never made: no healthy target, or every attempt in vain. How an established
  connection ended says nothing.

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/upstream/cluster_manager/cluster_stats,
.../configuration/http/http_conn_man/stats, .../configuration/listeners/network_filters/tcp_proxy_filter
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.domain.cloudwatch.metric import Histogram

MAX_ENDPOINTS = 2000
"""How many discovery names one proxy may report on; the rest is passed over."""

_SCOPES = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name  # its name changed; its number never does
_NAME_PARTS = 4


class Side(StrEnum):
    """Which end of a call the figures are from."""

    CLIENT = "egress"
    SERVER = "ingress"


class Figure(StrEnum):
    """What is counted of one discovery name on one side."""

    REQUESTS = "requests"
    CONNECTIONS = "connections"
    OPEN_CONNECTIONS = "open connections"
    BYTES = "bytes"
    CODE_2XX = "2xx"
    CODE_3XX = "3xx"
    CODE_4XX = "4xx"
    CODE_5XX = "5xx"
    FAILURES = "failures"
    RETRIES = "retries"
    TLS_ERRORS = "tls errors"
    TARGETS = "targets"
    TIME = "time"


class Endpoint(NamedTuple):
    """One side of one discovery name."""

    side: Side
    name: str


class Timed(NamedTuple):
    """Values by bucket, and their sum; milliseconds."""

    histogram: Histogram
    sum: float


class Counted(NamedTuple):
    """What one proxy has counted of one endpoint since it began. ``protocol`` is http or tcp."""

    protocol: str
    counters: Mapping[Figure, int]
    gauges: Mapping[Figure, int]
    time: Timed | None = None


class Report(NamedTuple):
    """One push. ``taken_at``: nanoseconds, by the proxy's own clock; the same in all parts of one flush."""

    taken_at: int
    endpoints: Mapping[Endpoint, Counted]


class _Raw(NamedTuple):
    numbers: dict[str, int]
    times: dict[str, Timed]


def read_report(request: ExportMetricsServiceRequest) -> Report:
    """The figures in one push."""
    raw: dict[Endpoint, _Raw] = {}
    taken_at = 0
    for metric in _metrics(request):
        place = _place(metric.name)
        if place is None:
            continue
        endpoint, statistic = place
        if endpoint not in raw:
            if len(raw) >= MAX_ENDPOINTS:
                continue
            raw[endpoint] = _Raw({}, {})
        taken_at = max(taken_at, _keep(raw[endpoint], statistic, metric))
    counted = ((endpoint, _counted(endpoint.side, found)) for endpoint, found in raw.items())
    return Report(taken_at, {endpoint: figures for endpoint, figures in counted if figures is not None})


def _metrics(request: ExportMetricsServiceRequest) -> Iterator[Any]:
    for resource in request.resource_metrics:
        for scope in getattr(resource, _SCOPES):
            yield from scope.metrics


def _place(name: str) -> tuple[Endpoint, str] | None:
    parts = name.split(".", _NAME_PARTS - 1)
    if len(parts) != _NAME_PARTS or parts[1] not in {Side.CLIENT, Side.SERVER}:
        return None
    return Endpoint(Side(parts[1]), parts[2]), f"{parts[0]}.{parts[3]}"


def _keep(raw: _Raw, statistic: str, metric: Any) -> int:  # noqa: ANN401  messages made by protoc have no types
    """Put the metric's value where it belongs; the time of its point."""
    kind = metric.WhichOneof("data")
    points = getattr(metric, kind).data_points if kind in {"sum", "gauge", "histogram"} else ()
    if not points:
        return 0
    point = points[0]
    if kind == "histogram":
        histogram = Histogram(tuple(point.explicit_bounds), tuple(point.bucket_counts))
        if len(histogram.counts) == len(histogram.bounds) + 1:
            raw.times[statistic] = Timed(histogram, point.sum)
    else:
        raw.numbers[statistic] = point.as_int
    return int(point.time_unix_nano)


def _counted(side: Side, raw: _Raw) -> Counted | None:
    numbers = raw.numbers
    if "http.downstream_cx_total" in numbers or "http.downstream_rq_total" in numbers:
        return _http_client(raw) if side is Side.CLIENT else _http_server(numbers)
    if "tcp.downstream_cx_total" in numbers:
        return _tcp_client(numbers) if side is Side.CLIENT else _tcp_server(numbers)
    return None


def _http_client(raw: _Raw) -> Counted:
    count = raw.numbers.get
    codes = {figure: count(f"cluster.upstream_rq_{figure}", 0) for figure in _CODES}
    # Either sees what the other may miss: the listener a failure before any target was looked for, the cluster
    # one that a gRPC caller is told of under HTTP's 200.
    failed = max(count("http.downstream_rq_5xx", 0), codes[Figure.CODE_5XX])
    counters = {
        **codes,
        Figure.REQUESTS: count("http.downstream_rq_total", 0),
        Figure.FAILURES: failed + count("http.downstream_rq_tx_reset", 0),
        Figure.RETRIES: count("cluster.upstream_rq_retry", 0),
        Figure.TLS_ERRORS: _tls_errors("cluster", raw.numbers),
        Figure.BYTES: _upstream_bytes(raw.numbers),
    }
    gauges = {Figure.TARGETS: count("cluster.membership_total", 0)}
    return Counted("http", counters, gauges, raw.times.get("cluster.upstream_rq_time"))


def _tcp_client(numbers: Mapping[str, int]) -> Counted:
    count = numbers.get
    given_up = count("cluster.upstream_cx_connect_attempts_exceeded", 0)
    counters = {
        Figure.CONNECTIONS: count("tcp.downstream_cx_total", 0),
        Figure.FAILURES: given_up
        + count("cluster.upstream_cx_none_healthy", 0)
        + count("tcp.downstream_cx_no_route", 0),
        Figure.RETRIES: max(count("cluster.upstream_cx_connect_fail", 0) - given_up, 0),
        Figure.TLS_ERRORS: _tls_errors("cluster", numbers),
        Figure.BYTES: _upstream_bytes(numbers),
    }
    return Counted("tcp", counters, {})


def _http_server(numbers: Mapping[str, int]) -> Counted:
    count = numbers.get
    counters = {
        Figure.REQUESTS: count("http.downstream_rq_total", 0),
        Figure.CONNECTIONS: count("http.downstream_cx_total", 0),
        Figure.BYTES: count("http.downstream_cx_rx_bytes_total", 0),
        Figure.TLS_ERRORS: _tls_errors("listener", numbers),
    }
    return Counted("http", counters, {Figure.OPEN_CONNECTIONS: count("http.downstream_cx_active", 0)})


def _tcp_server(numbers: Mapping[str, int]) -> Counted:
    count = numbers.get
    counters = {
        Figure.CONNECTIONS: count("tcp.downstream_cx_total", 0),
        Figure.BYTES: count("tcp.downstream_cx_rx_bytes_total", 0),
        Figure.TLS_ERRORS: _tls_errors("listener", numbers),
    }
    # The TCP proxy has no count of its own of what is open; it opens one connection to the application for each.
    return Counted("tcp", counters, {Figure.OPEN_CONNECTIONS: count("cluster.upstream_cx_active", 0)})


def _upstream_bytes(numbers: Mapping[str, int]) -> int:
    return numbers.get("cluster.upstream_cx_rx_bytes_total", 0) + numbers.get("cluster.upstream_cx_tx_bytes_total", 0)


def _tls_errors(whose: str, numbers: Mapping[str, int]) -> int:
    """Handshakes that failed: Envoy counts those that a certificate failed in apart from all others."""
    return sum(numbers.get(f"{whose}.ssl.{reason}", 0) for reason in _NO_HANDSHAKE)


_NO_HANDSHAKE = (
    "connection_error",
    "fail_verify_cert_hash",
    "fail_verify_error",
    "fail_verify_no_cert",
    "fail_verify_san",
)
_CODES = (Figure.CODE_2XX, Figure.CODE_3XX, Figure.CODE_4XX, Figure.CODE_5XX)
