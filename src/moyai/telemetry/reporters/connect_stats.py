"""The statistic names of Service Connect's proxies, and what counts as a failure. Pure.

Promise: names are ``<kind>.<side>.<discovery name>.<statistic>`` (kind ``cluster``, ``listener``, ``http`` or ``tcp``).

A request is counted once: when its final response begins, or when it ends without a response because its caller has
cancelled it. A WebSocket, whose 101 Envoy counts like an interim response, is counted when it ends. A request that is
in progress is neither a success nor a failure. A failure is a request or connection that failed for the caller, after
all retries:

- HTTP: a response with 5xx, also if the proxy itself sent it (503, 504), and a response that was cut off.
- gRPC: a response with one of the statuses ``GRPC_SERVER_ERRORS``, whose HTTP status is 200, also if a proxy sent it.
- TCP: a connection that was never established, because there was no healthy target or every attempt failed. How an
  established connection ends is not counted.

Source: https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/upstream/cluster_manager/cluster_stats,
.../configuration/http/http_conn_man/stats, .../configuration/http/http_filters/grpc_stats_filter,
.../configuration/listeners/network_filters/tcp_proxy_filter,
https://opentelemetry.io/docs/specs/semconv/rpc/grpc/ (which statuses are errors of a server)
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np

from moyai.telemetry.reporters.envoy_stats import (
    GRPC_SERVER_ERRORS,
    MAX_PARSED_NAMES,
    TLS_ERRORS,
    CounterArrays,
    EndpointArrays,
    EndpointCounter,
    GaugeArrays,
    Side,
    StatEndpoint,
    StatMapping,
    StatNaming,
)
from moyai.telemetry.values import Ints

_NAME_PARTS: Final = 4


@lru_cache(maxsize=MAX_PARSED_NAMES)
def _parse(name: str) -> tuple[StatEndpoint, str] | None:
    parts = name.split(".", _NAME_PARTS - 1)
    if len(parts) != _NAME_PARTS or parts[1] not in {Side.CLIENT, Side.SERVER}:
        return None
    return StatEndpoint(Side(parts[1]), parts[2]), f"{parts[0]}.{parts[3]}"


def _mapping(endpoint: StatEndpoint, statistics: Collection[str]) -> StatMapping | None:
    if any(name in statistics for name in ("http.downstream_cx_total", _REQUESTS, _STARTED_REQUESTS)):
        mapping = HTTP_CLIENT if endpoint.side is Side.CLIENT else _HTTP_SERVER
        return of_reporting_proxy(mapping, statistics)
    if "tcp.downstream_cx_total" in statistics:
        return _TCP_CLIENT if endpoint.side is Side.CLIENT else _TCP_SERVER
    return None


def of_reporting_proxy(mapping: StatMapping, statistics: Collection[str]) -> StatMapping:
    """The mapping of an HTTP endpoint for the proxy that reports these statistics. A proxy that an older moyai started
    does not count answered requests, so its requests are counted when they begin.
    """
    if _STARTED_REQUESTS not in statistics:
        return mapping
    names = (_STARTED_REQUESTS if name == _REQUESTS else name for name in mapping.statistics)
    return mapping._replace(statistics=tuple(names))


def _http_client(*counts: Ints) -> EndpointArrays:
    (
        completed,
        interim,
        unanswered,
        cut_off,
        c2,
        c3,
        c4,
        c5,
        retries,
        rx,
        tx,
        timeouts,
        try_timeouts,
        targets,
        ejected,
        *errors,
    ) = counts
    counters = CounterArrays(
        requests=completed - interim + unanswered,
        bytes=rx + tx,
        code_2xx=c2,
        code_3xx=c3,
        code_4xx=c4,
        code_5xx=c5,
        failures=cut_off + sum(errors[: len(_FAILURES)]),
        retries=retries,
        tls_errors=sum(errors[len(_FAILURES) :]),
        timeouts=timeouts + try_timeouts,
    )
    return counters, GaugeArrays(targets=targets, ejected=ejected)


def _tcp_client(*counts: Ints) -> EndpointArrays:
    connections, attempts_exceeded, none_healthy, no_route, failed_attempts, rx, tx, ejected, *tls_errors = counts
    counters = CounterArrays(
        connections=connections,
        bytes=rx + tx,
        failures=attempts_exceeded + none_healthy + no_route,
        # No retry follows the last attempt of a connection that has exceeded the number of attempts.
        retries=np.maximum(failed_attempts - attempts_exceeded, 0),
        tls_errors=sum(tls_errors),
    )
    return counters, GaugeArrays(ejected=ejected)


def _http_server(*counts: Ints) -> EndpointArrays:
    completed, interim, unanswered, connections, rx, active, *errors = counts
    counters = CounterArrays(
        requests=completed - interim + unanswered,
        connections=connections,
        bytes=rx,
        failures=sum(errors[: len(_FAILURES)]),
        tls_errors=sum(errors[len(_FAILURES) :]),
    )
    return counters, GaugeArrays(open_connections=active)


def _tcp_server(*counts: Ints) -> EndpointArrays:
    connections, rx, active, *tls_errors = counts
    counters = CounterArrays(connections=connections, bytes=rx, tls_errors=sum(tls_errors))
    return counters, GaugeArrays(open_connections=active)


_REQUESTS: Final = "http.downstream_rq_completed"
"""Responses, including those with 1xx."""
_REQUEST_COUNTS: Final = (_REQUESTS, "http.downstream_rq_1xx", "http.downstream_rq_unanswered")
_STARTED_REQUESTS: Final = "http.downstream_rq_total"
_FAILURES: Final = ("http.downstream_rq_5xx", *(f"cluster.{status}" for status in GRPC_SERVER_ERRORS))
"""Responses with 5xx, and with a gRPC status that corresponds to 5xx."""
TLS_ERRORS_OF_CALLERS: Final = tuple(f"listener.{error}" for error in TLS_ERRORS)
_TLS_ERRORS_WITH_TARGETS: Final = tuple(f"cluster.{error}" for error in TLS_ERRORS)
HTTP_CLIENT: Final = StatMapping(
    "http",
    (
        *_REQUEST_COUNTS,
        "http.downstream_rq_tx_reset",
        *(f"cluster.upstream_rq_{name}" for name in ("2xx", "3xx", "4xx", "5xx", "retry")),
        *(f"cluster.upstream_cx_{name}_bytes_total" for name in ("rx", "tx")),
        "cluster.upstream_rq_timeout",
        "cluster.upstream_rq_per_try_timeout",
        "cluster.membership_total",
        "cluster.outlier_detection.ejections_active",
        *_FAILURES,
        *_TLS_ERRORS_WITH_TARGETS,
    ),
    _http_client,
    "cluster.upstream_rq_time",
    differences=(EndpointCounter.REQUESTS,),
)
_TCP_CLIENT: Final = StatMapping(
    "tcp",
    (
        "tcp.downstream_cx_total",
        "cluster.upstream_cx_connect_attempts_exceeded",
        "cluster.upstream_cx_none_healthy",
        "tcp.downstream_cx_no_route",
        "cluster.upstream_cx_connect_fail",
        *(f"cluster.upstream_cx_{name}_bytes_total" for name in ("rx", "tx")),
        "cluster.outlier_detection.ejections_active",
        *_TLS_ERRORS_WITH_TARGETS,
    ),
    _tcp_client,
    differences=(EndpointCounter.RETRIES,),
)
_HTTP_SERVER: Final = StatMapping(
    "http",
    (
        *_REQUEST_COUNTS,
        *(f"http.downstream_cx_{name}" for name in ("total", "rx_bytes_total", "active")),
        *_FAILURES,
        *TLS_ERRORS_OF_CALLERS,
    ),
    _http_server,
    "cluster.upstream_rq_time",
    differences=(EndpointCounter.REQUESTS,),
)
_TCP_SERVER: Final = StatMapping(
    "tcp",
    (
        *(f"tcp.downstream_{name}" for name in ("cx_total", "cx_rx_bytes_total")),
        # Envoy's TCP proxy has no gauge of open connections, but opens one to the application for each of them.
        "cluster.upstream_cx_active",
        *TLS_ERRORS_OF_CALLERS,
    ),
    _tcp_server,
)
CONNECT_STATS: Final = StatNaming(_parse, _mapping)
