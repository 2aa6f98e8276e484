"""The statistic names of App Mesh's proxies, and what counts as a failure. Pure.

Promise: an endpoint has the name that the proxy uses, so that it can be found in the mesh: the cluster of a virtual
node that is called, a route (of a virtual service, or a gateway's own), the prefix of a listener's statistics, or the
address of a listener whose callers' handshakes failed. Only the open connections, a gauge, are added up over all
listeners. Counters never are: when a listener disappears, the sum would go down and look like a restart.

A failure is a proxy's response to a caller after all retries. Their number is that of the responses with 5xx, or that
of the gRPC statuses that correspond to 5xx, whichever is larger. With TCP a failure is a connection that was never
established. A request is counted when it is answered.
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

CLUSTER, ROUTE, HTTP, TCP, LISTENER = "cluster.", "vhost.", "http.", "tcp.", "listener."
"""The first part of an endpoint's name."""
PROXY: Final = StatEndpoint(Side.SERVER, "")
"""The endpoint whose statistics are those of the whole proxy."""
_TARGET_NAME: Final = re.compile(r"(cluster\.cds_egress_[^.]+_(?:http|http2|grpc|tcp)_\d+(?:_\d+)?)\.(.+)")
_LISTENER_NAME: Final = re.compile(r"((?:http|tcp)\.ingress(?:\.(?:http|http2|grpc|tcp)\.\d+)?)\.(downstream_\w+)")
_HANDSHAKE_NAME: Final = re.compile(r"(listener\..+)\.(ssl\.\w+)")
_ROUTE_NAME: Final = re.compile(r"(vhost\..+\.route\.[^.]+)\.(upstream_rq_\w+)")
_OPEN_CONNECTIONS_NAME: Final = re.compile(
    r"http\.ingress(\..+)?\.downstream_cx_active|cluster\.cds_ingress_[^.]+_tcp_\d+\.upstream_cx_active"
)
"""Envoy's TCP proxy has no gauge of open connections, but opens one to the application for each of them."""
_TCP_TARGET_NAME: Final = re.compile(r".+_tcp_\d+(_\d+)?")


def cluster_of(endpoint: StatEndpoint) -> str:
    """The name of the cluster that an endpoint is."""
    return endpoint.name.removeprefix(CLUSTER)


def prefix_of(endpoint: StatEndpoint) -> str:
    """The prefix of the statistics of the listener that an endpoint is."""
    return endpoint.name.partition(".")[2]


def route_of(endpoint: StatEndpoint) -> tuple[str, str]:
    """The virtual host and the route that an endpoint is. Only the host may have dots in its name."""
    host, _, route = endpoint.name.removeprefix(ROUTE).rpartition(".route.")
    return host, route


@lru_cache(maxsize=MAX_PARSED_NAMES)
def _parse(name: str) -> tuple[StatEndpoint, str] | None:
    if _OPEN_CONNECTIONS_NAME.fullmatch(name):
        return PROXY, name
    for pattern, side in (
        (_TARGET_NAME, Side.CLIENT),
        (_ROUTE_NAME, Side.CLIENT),
        (_LISTENER_NAME, Side.SERVER),
        (_HANDSHAKE_NAME, Side.SERVER),
    ):
        match = pattern.fullmatch(name)
        if match is not None:
            return StatEndpoint(side, match[1]), match[2]
    return None


def _mapping(endpoint: StatEndpoint, statistics: Collection[str]) -> StatMapping | None:
    if endpoint == PROXY:
        return StatMapping("tcp", tuple(sorted(statistics)), _proxy)
    if endpoint.name.startswith(CLUSTER):
        return _TCP_TARGET if _TCP_TARGET_NAME.fullmatch(endpoint.name) else _HTTP_TARGET
    return next(mapping for prefix, mapping in _MAPPINGS if endpoint.name.startswith(prefix))


def _proxy(*open_connections: Ints) -> EndpointArrays:
    return CounterArrays(), GaugeArrays(open_connections=np.sum(open_connections, axis=0))


def _http_target(*counts: Ints) -> EndpointArrays:
    requests, c2, c3, c4, c5, retries, rx, tx, timeouts, try_timeouts, targets, ejected, *errors = counts
    counters = CounterArrays(
        requests=requests,
        bytes=rx + tx,
        code_2xx=c2,
        code_3xx=c3,
        code_4xx=c4,
        code_5xx=c5,
        failures=np.maximum(c5, sum(errors[: len(GRPC_SERVER_ERRORS)])),
        retries=retries,
        tls_errors=sum(errors[len(GRPC_SERVER_ERRORS) :]),
        timeouts=timeouts + try_timeouts,
    )
    return counters, GaugeArrays(targets=targets, ejected=ejected)


def _tcp_target(*counts: Ints) -> EndpointArrays:
    attempts, attempts_exceeded, none_healthy, failed_attempts, rx, tx, targets, ejected, *tls_errors = counts
    # No retry follows the last attempt of a connection that has exceeded the number of attempts.
    retries = np.maximum(failed_attempts - attempts_exceeded, 0)
    counters = CounterArrays(
        connections=attempts - retries + none_healthy,
        bytes=rx + tx,
        failures=attempts_exceeded + none_healthy,
        retries=retries,
        tls_errors=sum(tls_errors),
    )
    return counters, GaugeArrays(targets=targets, ejected=ejected)


def _route(*counts: Ints) -> EndpointArrays:
    requests, c2, c3, c4, c5, retries, timeouts = counts
    counters = CounterArrays(
        requests=requests,
        code_2xx=c2,
        code_3xx=c3,
        code_4xx=c4,
        code_5xx=c5,
        failures=c5,
        retries=retries,
        timeouts=timeouts,
    )
    return counters, GaugeArrays()


def _http_listener(*counts: Ints) -> EndpointArrays:
    requests, connections, rx, tx = counts
    return CounterArrays(requests=requests, connections=connections, bytes=rx + tx), GaugeArrays()


def _tcp_listener(*counts: Ints) -> EndpointArrays:
    connections, rx, tx = counts
    return CounterArrays(connections=connections, bytes=rx + tx), GaugeArrays()


def _handshakes(*counts: Ints) -> EndpointArrays:
    return CounterArrays(tls_errors=sum(counts)), GaugeArrays()


_BYTES: Final = tuple(f"upstream_cx_{name}_bytes_total" for name in ("rx", "tx"))
_GAUGES: Final = ("membership_total", "outlier_detection.ejections_active")
_REQUEST_COUNTS: Final = tuple(f"upstream_rq_{name}" for name in ("completed", "2xx", "3xx", "4xx", "5xx", "retry"))
_TIME: Final = "upstream_rq_time"
_DOWNSTREAM: Final = tuple(f"downstream_cx_{name}" for name in ("total", "rx_bytes_total", "tx_bytes_total"))
_HTTP_TARGET: Final = StatMapping(
    "http",
    (
        *_REQUEST_COUNTS,
        *_BYTES,
        *("upstream_rq_timeout", "upstream_rq_per_try_timeout"),
        *_GAUGES,
        *GRPC_SERVER_ERRORS,
        *TLS_ERRORS,
    ),
    _http_target,
    _TIME,
)
_TCP_TARGET: Final = StatMapping(
    "tcp",
    (
        *(f"upstream_cx_{name}" for name in ("total", "connect_attempts_exceeded", "none_healthy", "connect_fail")),
        *_BYTES,
        *_GAUGES,
        *TLS_ERRORS,
    ),
    _tcp_target,
    differences=(EndpointCounter.CONNECTIONS, EndpointCounter.RETRIES),
)
_MAPPINGS: Final = (
    (ROUTE, StatMapping("http", (*_REQUEST_COUNTS, "upstream_rq_timeout"), _route, _TIME)),
    (HTTP, StatMapping("http", ("downstream_rq_total", *_DOWNSTREAM), _http_listener)),
    (TCP, StatMapping("tcp", _DOWNSTREAM, _tcp_listener)),
    (LISTENER, StatMapping("tcp", TLS_ERRORS, _handshakes)),
)
APPMESH_STATS: Final = StatNaming(_parse, _mapping)
