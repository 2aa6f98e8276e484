"""What App Mesh's proxies call what they count. Pure.

Promise: an endpoint is named as the proxy names it, so that what it stands for can be looked up: a cluster of a virtual
node that is called, a route (of a virtual service, or a gateway's own), the prefix of a listener, the place of a
listener whose callers' handshakes failed. What nobody can be told apart by is added up: the connections that are open.
Nothing else is: what goes takes its count with it, and of a sum the rest would look like a new beginning.

What counts as failed is what the proxy gave a caller, after all retries: answers of 5xx, or gRPC's statuses that stand
for one, whichever are more; of TCP, connections that were never made. Requests are counted when they are answered.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-metrics.html,
https://www.envoyproxy.io/docs/envoy/v1.40.0/configuration/upstream/cluster_manager/cluster_stats,
.../configuration/http/http_filters/router_filter#statistics
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np

from moyai.telemetry.arrays import Ints
from moyai.telemetry.envoy_stats import MOST_NAMES, Endpoint, Figure, Form, Grammar, Made, Side

CLUSTER, ROUTE, HTTP, TCP, LISTENER = "cluster.", "vhost.", "http.", "tcp.", "listener."
"""What the names of endpoints begin with."""
PROXY: Final = Endpoint(Side.SERVER, "")
"""The proxy as a whole."""
_TARGET: Final = re.compile(r"(cluster\.cds_egress_[^.]+_(?:http|http2|grpc|tcp)_\d+(?:_\d+)?)\.(.+)")
_LISTENING: Final = re.compile(r"((?:http|tcp)\.ingress(?:\.(?:http|http2|grpc|tcp)\.\d+)?)\.(downstream_\w+)")
_SHAKING: Final = re.compile(r"(listener\..+)\.(ssl\.\w+)")
_ROUTED: Final = re.compile(r"(vhost\..+\.route\.[^.]+)\.(upstream_rq_\w+)")
_OPEN: Final = re.compile(
    r"http\.ingress(\..+)?\.downstream_cx_active|cluster\.cds_ingress_[^.]+_tcp_\d+\.upstream_cx_active"
)
"""The TCP proxy has no count of its own of what is open; it opens one connection to the application for each."""
_STREAMS: Final = re.compile(r".+_tcp_\d+(_\d+)?")

_NO_LEVELS: Final = (None, None, None)


def cluster_of(endpoint: Endpoint) -> str:
    """What the cluster is called."""
    return endpoint.name.removeprefix(CLUSTER)


def prefix_of(endpoint: Endpoint) -> str:
    """The prefix of a listener's statistics."""
    return endpoint.name.partition(".")[2]


def route_of(endpoint: Endpoint) -> tuple[str, str]:
    """The virtual host, which may have any name, and the route, which has no dot in its own."""
    host, _, route = endpoint.name.removeprefix(ROUTE).rpartition(".route.")
    return host, route


@lru_cache(maxsize=MOST_NAMES)
def _place(name: str) -> tuple[Endpoint, str] | None:
    if _OPEN.fullmatch(name):
        return PROXY, name
    for pattern, side in (
        (_TARGET, Side.CLIENT),
        (_ROUTED, Side.CLIENT),
        (_LISTENING, Side.SERVER),
        (_SHAKING, Side.SERVER),
    ):
        found = pattern.fullmatch(name)
        if found is not None:
            return Endpoint(side, found[1]), found[2]
    return None


def _form(endpoint: Endpoint, found: Collection[str]) -> Form | None:
    if endpoint == PROXY:
        return Form("tcp", tuple(sorted(found)), _proxy)
    if endpoint.name.startswith(CLUSTER):
        return _STREAM_TARGET if _STREAMS.fullmatch(endpoint.name) else _TARGET_FORM
    return next(form for kind, form in _FORMS if endpoint.name.startswith(kind))


def _proxy(*levels: Ints) -> Made:
    return _NONE, (np.sum(levels, axis=0), None, None)


def _target(*counts: Ints) -> Made:
    rq, c2, c3, c4, c5, retries, rx, tx, late, late_try, targets, ejected, *rest = counts
    failed, tls = np.maximum(c5, sum(rest[: len(_STATUSES)])), sum(rest[len(_STATUSES) :])
    return (rq, 0, rx + tx, c2, c3, c4, c5, failed, retries, tls, late + late_try), (None, targets, ejected)


def _stream_target(*counts: Ints) -> Made:
    made, given_up, none_healthy, failed, rx, tx, targets, ejected, *tls = counts
    retries = np.maximum(failed - given_up, 0)
    failures = given_up + none_healthy
    connections = made - retries + none_healthy
    return (0, connections, rx + tx, 0, 0, 0, 0, failures, retries, sum(tls), 0), (None, targets, ejected)


def _route(*counts: Ints) -> Made:
    rq, c2, c3, c4, c5, retries, late = counts
    return (rq, 0, 0, c2, c3, c4, c5, c5, retries, 0, late), _NO_LEVELS


def _http_listener(*counts: Ints) -> Made:
    rq, made, rx, tx = counts
    return (rq, made, rx + tx, 0, 0, 0, 0, 0, 0, 0, 0), _NO_LEVELS


def _tcp_listener(*counts: Ints) -> Made:
    made, rx, tx = counts
    return (0, made, rx + tx, 0, 0, 0, 0, 0, 0, 0, 0), _NO_LEVELS


def _handshakes(*counts: Ints) -> Made:
    return (0, 0, 0, 0, 0, 0, 0, 0, 0, sum(counts), 0), _NO_LEVELS


_NONE: Final = (0,) * 11
_STATUSES: Final = tuple(f"grpc.{status}" for status in (2, 4, 12, 13, 14, 15))
_TLS: Final = (
    "ssl.connection_error",
    *(f"ssl.fail_verify_{what}" for what in ("cert_hash", "error", "no_cert", "san")),
)
_BYTES: Final = tuple(f"upstream_cx_{what}_bytes_total" for what in ("rx", "tx"))
_LEVELS: Final = ("membership_total", "outlier_detection.ejections_active")
_ANSWERED: Final = tuple(f"upstream_rq_{what}" for what in ("completed", "2xx", "3xx", "4xx", "5xx", "retry"))
_TIME: Final = "upstream_rq_time"
_TAKEN: Final = tuple(f"downstream_cx_{what}" for what in ("total", "rx_bytes_total", "tx_bytes_total"))
_TARGET_FORM: Final = Form(
    "http",
    (*_ANSWERED, *_BYTES, "upstream_rq_timeout", "upstream_rq_per_try_timeout", *_LEVELS, *_STATUSES, *_TLS),
    _target,
    _TIME,
)
_STREAM_TARGET: Final = Form(
    "tcp",
    (
        *(f"upstream_cx_{what}" for what in ("total", "connect_attempts_exceeded", "none_healthy", "connect_fail")),
        *_BYTES,
        *_LEVELS,
        *_TLS,
    ),
    _stream_target,
    differences=(Figure.CONNECTIONS, Figure.RETRIES),
)
_FORMS: Final = (
    (ROUTE, Form("http", (*_ANSWERED, "upstream_rq_timeout"), _route, _TIME)),
    (HTTP, Form("http", ("downstream_rq_total", *_TAKEN), _http_listener)),
    (TCP, Form("tcp", _TAKEN, _tcp_listener)),
    (LISTENER, Form("tcp", _TLS, _handshakes)),
)
APPMESH: Final = Grammar(_place, _form)
