"""The statistic names of a host's Envoy, which serves several tasks. Pure.

Promise: a name contains the id of the task that the statistic belongs to, and every request is counted once for its
caller and once for its target. The names are:

- ``<kind>.<task>.<side>.<discovery name>.<statistic>``: what a proxy of that task alone would count
- ``<kind>.<task>.local.ingress.<discovery name>.<statistic>``: HTTP connections to the task's application from callers
  that the same Envoy serves
- ``target.<statistic>.of.<task>.ingress.<discovery name>``: all requests to the application. The task's own HTTP
  filters count a part of these requests too; their counts are not used.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np

from moyai.telemetry.reporters.connect_stats import (
    CONNECT_STATS,
    HTTP_CLIENT,
    TLS_ERRORS_OF_CALLERS,
    of_reporting_proxy,
)
from moyai.telemetry.reporters.envoy_stats import (
    CounterArrays,
    EndpointArrays,
    GaugeArrays,
    Side,
    StatEndpoint,
    StatMapping,
    StatNaming,
)
from moyai.telemetry.values import Ints

_TARGET: Final = "target"
_LOCAL: Final = "local"
_TAG: Final = "of"
_TARGET_PARTS: Final = 6
_NAME_PARTS: Final = 5


def task_of(name: str) -> str | None:
    """The id of the task that a statistic belongs to; None for a statistic of the whole Envoy."""
    parts = name.split(".", _NAME_PARTS - 1)
    index = 3 if parts[0] == _TARGET else 1
    return parts[index] if len(parts) == _NAME_PARTS else None


def _parse(name: str) -> tuple[StatEndpoint, str] | None:
    parts = name.split(".", _TARGET_PARTS - 1)
    if parts[0] == _TARGET:
        return _parse_target(parts)
    kind, _, rest = name.partition(".")
    _, _, subject = rest.partition(".")
    if subject.startswith(f"{_LOCAL}."):
        subject, kind = subject.removeprefix(f"{_LOCAL}."), f"{_LOCAL}-{kind}"
    return CONNECT_STATS.parse(f"{kind}.{subject}")


def _parse_target(parts: list[str]) -> tuple[StatEndpoint, str] | None:
    if len(parts) != _TARGET_PARTS or parts[2] != _TAG or parts[4] != Side.SERVER:
        return None
    return StatEndpoint(Side.SERVER, parts[5]), f"{_TARGET}.{parts[1]}"


def _mapping(endpoint: StatEndpoint, statistics: Collection[str]) -> StatMapping | None:
    is_http = any(name.startswith(("http.", f"{_LOCAL}-", f"{_TARGET}.")) for name in statistics)
    if endpoint.side is Side.SERVER and is_http:
        return _HTTP_SERVER
    if is_http:
        return of_reporting_proxy(_HTTP_CLIENT, statistics)
    return CONNECT_STATS.mapping(endpoint, statistics)


def _http_client(*counts: Ints) -> EndpointArrays:
    """The counts as a task's own proxy would have them.

    When a gRPC call reaches no target, Envoy counts a 503 of the cluster, but the caller gets a gRPC status with HTTP's
    200. If the target had its own proxy, that proxy would have answered with the 200; so the 503 is not counted.
    """
    counters, gauges = HTTP_CLIENT.compute(*counts)
    answered_5xx = counts[HTTP_CLIENT.statistics.index("http.downstream_rq_5xx")]
    return counters._replace(code_5xx=np.minimum(counters.code_5xx, answered_5xx)), gauges


def _http_server(*counts: Ints) -> EndpointArrays:
    requests, failures, connections, local_connections, rx, local_rx, active, local_active, *tls_errors = counts
    counters = CounterArrays(
        requests=requests,
        connections=connections + local_connections,
        bytes=rx + local_rx,
        failures=failures,
        tls_errors=sum(tls_errors),
    )
    return counters, GaugeArrays(open_connections=active + local_active)


_HTTP_SERVER: Final = StatMapping(
    "http",
    (
        f"{_TARGET}.requests",
        f"{_TARGET}.failed",
        "http.downstream_cx_total",
        f"{_LOCAL}-tcp.downstream_cx_total",
        "http.downstream_cx_rx_bytes_total",
        f"{_LOCAL}-tcp.downstream_cx_rx_bytes_total",
        "http.downstream_cx_active",
        f"{_LOCAL}-listener.downstream_cx_active",
        *TLS_ERRORS_OF_CALLERS,
    ),
    _http_server,
    f"{_TARGET}.time",
)
_HTTP_CLIENT: Final = HTTP_CLIENT._replace(compute=_http_client)
HOSTED_STATS: Final = StatNaming(_parse, _mapping)
