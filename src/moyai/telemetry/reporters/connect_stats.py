"""The statistic names of Service Connect's proxies, and what counts as a failure. Pure.

Promise: names are ``<kind>.<side>.<discovery name>.<statistic>`` (kind ``cluster``, ``listener``, ``http`` or ``tcp``).

A request is counted once: when its final response begins, or when it ends without one because its caller gave it up.
A WebSocket, whose 101 Envoy counts like an interim response, is counted when it ends. A request that is under way is
neither a success nor a failure. A failure is what the caller saw fail, after all retries:

- HTTP: answers of 5xx, the proxy's own 503 and 504 among them, and answers cut off half-way.
- gRPC: the same of its statuses that stand for a 5xx (UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE,
  DATA_LOSS), which it carries under HTTP's 200; a proxy's answer in the application's place among them.
- TCP: connections that were never established, because there was no healthy target or every attempt failed. How an
  established connection ended says nothing.

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
    MAX_PARSED_NAMES,
    EndpointArrays,
    EndpointCounter,
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
    """The mapping of an HTTP endpoint for the proxy that reports these statistics: one that an older moyai started has
    no count of answered requests, and counts those that began.
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
        reset,
        c2,
        c3,
        c4,
        c5,
        retries,
        rx,
        tx,
        late,
        late_try,
        targets,
        ejections,
        *rest,
    ) = counts
    failures, tls = reset + sum(rest[: len(_FAILURES)]), sum(rest[len(_FAILURES) :])
    counters = (completed - interim + unanswered, 0, rx + tx, c2, c3, c4, c5, failures, retries, tls, late + late_try)
    return counters, (None, targets, ejections)


def _tcp_client(*counts: Ints) -> EndpointArrays:
    connections, attempts_exceeded, none_healthy, no_route, failed_attempts, rx, tx, ejections, *tls = counts
    failures = attempts_exceeded + none_healthy + no_route
    retries = np.maximum(failed_attempts - attempts_exceeded, 0)  # each exceeded connection ended with one attempt
    return (0, connections, rx + tx, 0, 0, 0, 0, failures, retries, sum(tls), 0), (None, None, ejections)


def _http_server(*counts: Ints) -> EndpointArrays:
    completed, interim, unanswered, connections, rx, active, *rest = counts
    failures, tls = sum(rest[: len(_FAILURES)]), sum(rest[len(_FAILURES) :])
    requests = completed - interim + unanswered
    return (requests, connections, rx, 0, 0, 0, 0, failures, 0, tls, 0), (active, None, None)


def _tcp_server(*counts: Ints) -> EndpointArrays:
    connections, rx, active, *tls = counts
    return (0, connections, rx, 0, 0, 0, 0, 0, 0, sum(tls), 0), (active, None, None)


def _tls_errors(owner: str) -> tuple[str, ...]:
    """The statistics of failed handshakes: Envoy counts those with a bad certificate apart from all others."""
    reasons = ("connection_error", *(f"fail_verify_{check}" for check in ("cert_hash", "error", "no_cert", "san")))
    return tuple(f"{owner}.ssl.{reason}" for reason in reasons)


_REQUESTS: Final = "http.downstream_rq_completed"
"""Responses, those of 1xx among them."""
_REQUEST_COUNTS: Final = (_REQUESTS, "http.downstream_rq_1xx", "http.downstream_rq_unanswered")
_STARTED_REQUESTS: Final = "http.downstream_rq_total"
_FAILURES: Final = ("http.downstream_rq_5xx", *(f"cluster.grpc.{status}" for status in (2, 4, 12, 13, 14, 15)))
"""Responses with 5xx, and with a gRPC status that Envoy counts as 5xx."""
TLS_ERRORS_OF_CALLERS: Final = _tls_errors("listener")
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
        *_tls_errors("cluster"),
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
        *_tls_errors("cluster"),
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
