"""What Service Connect's proxies call what they count, and what counts as failed. Pure.

Promise: names are ``<kind>.<side>.<discovery name>.<statistic>`` (kind ``cluster``, ``listener``, ``http`` or ``tcp``).

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

from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np

from moyai.telemetry.arrays import Ints
from moyai.telemetry.envoy_stats import MOST_NAMES, Endpoint, Figure, Form, Grammar, Made, Side

_NAME_PARTS: Final = 4


@lru_cache(maxsize=MOST_NAMES)
def _place(name: str) -> tuple[Endpoint, str] | None:
    parts = name.split(".", _NAME_PARTS - 1)
    if len(parts) != _NAME_PARTS or parts[1] not in {Side.CLIENT, Side.SERVER}:
        return None
    return Endpoint(Side(parts[1]), parts[2]), f"{parts[0]}.{parts[3]}"


def _form(endpoint: Endpoint, found: Collection[str]) -> Form | None:
    if "http.downstream_cx_total" in found or "http.downstream_rq_total" in found:
        return _HTTP_CLIENT if endpoint.side is Side.CLIENT else _HTTP_SERVER
    if "tcp.downstream_cx_total" in found:
        return _TCP_CLIENT if endpoint.side is Side.CLIENT else _TCP_SERVER
    return None


def _http_client(*counts: Ints) -> Made:
    rq, reset, c2, c3, c4, c5, retries, rx, tx, late, late_try, targets, ejected, *rest = counts
    failed, tls = reset + sum(rest[: len(_FAILED)]), sum(rest[len(_FAILED) :])
    return (rq, 0, rx + tx, c2, c3, c4, c5, failed, retries, tls, late + late_try), (None, targets, ejected)


def _tcp_client(*counts: Ints) -> Made:
    made, given_up, none_healthy, no_route, failed, rx, tx, ejected, *tls = counts
    failures = given_up + none_healthy + no_route
    retries = np.maximum(failed - given_up, 0)
    return (0, made, rx + tx, 0, 0, 0, 0, failures, retries, sum(tls), 0), (None, None, ejected)


def _http_server(*counts: Ints) -> Made:
    rq, made, rx, active, *rest = counts
    failed, tls = sum(rest[: len(_FAILED)]), sum(rest[len(_FAILED) :])
    return (rq, made, rx, 0, 0, 0, 0, failed, 0, tls, 0), (active, None, None)


def _tcp_server(*counts: Ints) -> Made:
    made, rx, active, *tls = counts
    return (0, made, rx, 0, 0, 0, 0, 0, 0, sum(tls), 0), (active, None, None)


def _tls(whose: str) -> tuple[str, ...]:
    """Handshakes that failed: Envoy counts those that a certificate failed in apart from all others."""
    reasons = ("connection_error", *(f"fail_verify_{what}" for what in ("cert_hash", "error", "no_cert", "san")))
    return tuple(f"{whose}.ssl.{reason}" for reason in reasons)


_FAILED: Final = ("http.downstream_rq_5xx", *(f"cluster.grpc.{status}" for status in (2, 4, 12, 13, 14, 15)))
"""Of answers in full."""
_HTTP_CLIENT: Final = Form(
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
_TCP_CLIENT: Final = Form(
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
    differences=(Figure.RETRIES,),
)
_HTTP_SERVER: Final = Form(
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
_TCP_SERVER: Final = Form(
    "tcp",
    (
        *(f"tcp.downstream_{what}" for what in ("cx_total", "cx_rx_bytes_total")),
        # The TCP proxy has no count of its own of what is open; it opens one connection to the application for each.
        "cluster.upstream_cx_active",
        *_tls("listener"),
    ),
    _tcp_server,
)
CONNECT: Final = Grammar(_place, _form)
