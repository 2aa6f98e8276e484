"""What one Envoy says it has counted, read out of its OpenTelemetry push. Pure.

Promise: names are ``<kind>.<side>.<discovery name>.<statistic>`` (kind ``cluster``, ``listener``, ``http`` or
``tcp``); whatever has another form is passed over, so that a newer Envoy may say more. All counts run from the proxy's
start, which the push tells as well: Envoy 1.40 writes it in microseconds, so it is only compared.

What counts as failed is what the caller saw fail, after all retries:

- HTTP: answers of 5xx, the proxy's own 503 and 504 among them, and answers cut off half-way.
- gRPC: the same of its statuses that stand for a 5xx (UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
  DATA_LOSS), which it carries under HTTP's 200; a proxy's answer in the application's place among them.
- TCP: connections that were never made: no healthy target, or every attempt in vain. How an established
  connection ended says nothing.

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/upstream/cluster_manager/cluster_stats,
.../configuration/http/http_conn_man/stats, .../configuration/http/http_filters/grpc_stats_filter,
.../configuration/listeners/network_filters/tcp_proxy_filter,
https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ (which statuses are errors of a server)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, StrEnum
from operator import itemgetter
from typing import Any, Final, NamedTuple

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.layout import Found, Record, learn

MAX_ENDPOINTS: Final = 2000
"""How many discovery names one proxy may report on; the rest is passed over."""
_PARTS: Final = 4
"""Layouts remembered of one proxy: a large push comes in parts, and each has its own."""
_MAX_INTERNED: Final = 50_000
_NAME_PARTS: Final = 4


class Side(StrEnum):
    """Which end of a call the figures are from."""

    CLIENT = "egress"
    SERVER = "ingress"


class Figure(IntEnum):
    """What is counted of one discovery name on one side; its place among the counts."""

    REQUESTS = 0
    CONNECTIONS = 1
    BYTES = 2
    CODE_2XX = 3
    CODE_3XX = 4
    CODE_4XX = 5
    CODE_5XX = 6
    FAILURES = 7
    RETRIES = 8
    TLS_ERRORS = 9
    TIMEOUTS = 10


class Gauge(IntEnum):
    """What has a level; its place among the levels."""

    OPEN_CONNECTIONS = 0
    TARGETS = 1
    EJECTED = 2


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
    counters: tuple[int, ...]
    gauges: tuple[int | None, ...]
    time: Timed | None = None


class Report(NamedTuple):
    """One push. ``taken_at``: nanoseconds, by the proxy's own clock; the same in all parts of one flush. ``began``:
    when the proxy did, in whatever unit; 0 when it does not say.
    """

    taken_at: int
    endpoints: Mapping[Endpoint, Counted]
    began: int = 0


class _Form(NamedTuple):
    """How the figures of one endpoint are made: of these statistics, by this function; ``timed`` is their histogram."""

    protocol: str
    statistics: tuple[str, ...]
    make: Callable[..., tuple[tuple[int, ...], tuple[int | None, ...]]]
    timed: str | None = None


class _Reader(NamedTuple):
    """A form, with its statistics' places in a push; ``counts`` and ``sum`` are its histogram's, if it has one."""

    endpoint: Endpoint
    form: _Form
    take: Callable[[Sequence[Any]], tuple[int, ...]]
    counts: slice | None
    sum: int
    bounds: tuple[float, ...]


class _Known(NamedTuple):
    record: Record
    readers: tuple[_Reader, ...]


class Pushes:
    """Reads the pushes of many proxies, each of which is like the last of the same proxy."""

    def __init__(self) -> None:
        self._interned: dict[bytes, bytes] = {}
        self._bounds: dict[tuple[float, ...], tuple[float, ...]] = {}

    def reader(self) -> Callable[[bytes], Report]:
        """A function that reads the pushes of one proxy. It raises NotOtlp."""
        known: dict[int, _Known] = {}

        def read(body: bytes) -> Report:
            layout = known.get(len(body))
            values = None if layout is None else layout.record.read(body)
            if layout is None or values is None:
                layout = self._learn(body)
                values = layout.record.read(body)
                if len(known) >= _PARTS:
                    known.clear()
                known[len(body)] = layout
            return _report(layout, values or ())

        return read

    def _learn(self, body: bytes) -> _Known:
        if len(self._interned) > _MAX_INTERNED:
            self._interned.clear()
            self._bounds.clear()
        record, metrics = learn(body, self._interned)
        found: dict[Endpoint, dict[str, Found]] = {}
        for one in metrics:
            place = _place(one.name)
            if place is not None and (place[0] in found or len(found) < MAX_ENDPOINTS):
                found.setdefault(place[0], {})[place[1]] = one
        readers = (_reader(endpoint, statistics, record.zero, self._bounds) for endpoint, statistics in found.items())
        return _Known(record, tuple(one for one in readers if one is not None))


def read_report(body: bytes) -> Report:
    """The figures in one push. Raises NotOtlp."""
    return Pushes().reader()(body)


def _report(layout: _Known, values: tuple[Any, ...]) -> Report:
    endpoints: dict[Endpoint, Counted] = {}
    for endpoint, form, take, buckets, total, bounds in layout.readers:
        counters, gauges = form.make(*take(values))
        timed = None
        if buckets is not None:
            timed = Timed(Histogram(bounds, values[buckets]), values[total])
        endpoints[endpoint] = Counted(form.protocol, counters, gauges, timed)
    return Report(values[layout.record.time], endpoints, values[layout.record.start])


def _place(name: str) -> tuple[Endpoint, str] | None:
    parts = name.split(".", _NAME_PARTS - 1)
    if len(parts) != _NAME_PARTS or parts[1] not in {Side.CLIENT, Side.SERVER}:
        return None
    return Endpoint(Side(parts[1]), parts[2]), f"{parts[0]}.{parts[3]}"


def _reader(
    endpoint: Endpoint, found: Mapping[str, Found], zero: int, bounds: dict[tuple[float, ...], tuple[float, ...]]
) -> _Reader | None:
    form = _form(endpoint.side, found)
    if form is None:
        return None
    numbers = {name: one.value for name, one in found.items() if one.value is not None}
    take = itemgetter(*(numbers.get(statistic, zero) for statistic in form.statistics))
    timed = found.get(form.timed) if form.timed is not None else None
    if timed is None or timed.counts is None:
        return _Reader(endpoint, form, take, None, zero, ())
    return _Reader(endpoint, form, take, timed.counts, timed.sum, bounds.setdefault(timed.bounds, timed.bounds))


def _form(side: Side, found: Mapping[str, Found]) -> _Form | None:
    if "http.downstream_cx_total" in found or "http.downstream_rq_total" in found:
        return _HTTP_CLIENT if side is Side.CLIENT else _HTTP_SERVER
    if "tcp.downstream_cx_total" in found:
        return _TCP_CLIENT if side is Side.CLIENT else _TCP_SERVER
    return None


def _http_client(*counts: int) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    rq, reset, c2, c3, c4, c5, retries, rx, tx, late, late_try, targets, ejected, *rest = counts
    failed, tls = reset + sum(rest[: len(_FAILED)]), sum(rest[len(_FAILED) :])
    return (rq, 0, rx + tx, c2, c3, c4, c5, failed, retries, tls, late + late_try), (None, targets, ejected)


def _tcp_client(*counts: int) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    made, given_up, none_healthy, no_route, failed, rx, tx, ejected, *tls = counts
    failures = given_up + none_healthy + no_route
    retries = max(failed - given_up, 0)
    return (0, made, rx + tx, 0, 0, 0, 0, failures, retries, sum(tls), 0), (None, None, ejected)


def _http_server(*counts: int) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    rq, made, rx, active, *rest = counts
    failed, tls = sum(rest[: len(_FAILED)]), sum(rest[len(_FAILED) :])
    return (rq, made, rx, 0, 0, 0, 0, failed, 0, tls, 0), (active, None, None)


def _tcp_server(*counts: int) -> tuple[tuple[int, ...], tuple[int | None, ...]]:
    made, rx, active, *tls = counts
    return (0, made, rx, 0, 0, 0, 0, 0, 0, sum(tls), 0), (active, None, None)


def _tls(whose: str) -> tuple[str, ...]:
    """Handshakes that failed: Envoy counts those that a certificate failed in apart from all others."""
    reasons = ("connection_error", *(f"fail_verify_{what}" for what in ("cert_hash", "error", "no_cert", "san")))
    return tuple(f"{whose}.ssl.{reason}" for reason in reasons)


_FAILED: Final = ("http.downstream_rq_5xx", *(f"cluster.grpc.{status}" for status in (2, 4, 12, 13, 14, 15)))
"""Of answers in full."""
_HTTP_CLIENT: Final = _Form(
    "http",
    (
        *(f"http.downstream_rq_{what}" for what in ("total", "tx_reset")),
        *(f"cluster.upstream_rq_{what}" for what in ("2xx", "3xx", "4xx", "5xx", "retry")),
        *(f"cluster.upstream_cx_{what}_bytes_total" for what in ("rx", "tx")),
        "cluster.upstream_rq_timeout",
        "cluster.upstream_rq_per_try_timeout",
        "cluster.membership_total",
        "cluster.outlier_detection.ejections_active",
        *_FAILED,
        *_tls("cluster"),
    ),
    _http_client,
    "cluster.upstream_rq_time",
)
_TCP_CLIENT: Final = _Form(
    "tcp",
    (
        "tcp.downstream_cx_total",
        "cluster.upstream_cx_connect_attempts_exceeded",
        "cluster.upstream_cx_none_healthy",
        "tcp.downstream_cx_no_route",
        "cluster.upstream_cx_connect_fail",
        *(f"cluster.upstream_cx_{what}_bytes_total" for what in ("rx", "tx")),
        "cluster.outlier_detection.ejections_active",
        *_tls("cluster"),
    ),
    _tcp_client,
)
_HTTP_SERVER: Final = _Form(
    "http",
    (
        *(f"http.downstream_{what}" for what in ("rq_total", "cx_total", "cx_rx_bytes_total")),
        "http.downstream_cx_active",
        *_FAILED,
        *_tls("listener"),
    ),
    _http_server,
    "cluster.upstream_rq_time",
)
_TCP_SERVER: Final = _Form(
    "tcp",
    (
        *(f"tcp.downstream_{what}" for what in ("cx_total", "cx_rx_bytes_total")),
        # The TCP proxy has no count of its own of what is open; it opens one connection to the application for each.
        "cluster.upstream_cx_active",
        *_tls("listener"),
    ),
    _tcp_server,
)
