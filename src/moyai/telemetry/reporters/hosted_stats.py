"""The statistic names of a host's Envoy, which serves several tasks. Pure.

Promise: a name tells which task it is of, and every request counts once for each of its two ends:

- ``<kind>.<task>.<side>.<discovery name>.<statistic>``: what the proxy of that task alone would count
- ``<kind>.<task>.local.ingress.<discovery name>.<statistic>``: HTTP connections that callers of the same Envoy have to
  the task's application
- ``target.<statistic>.of.<task>.ingress.<discovery name>``: requests to the application, wherever they came from. The
  counts that the task's own HTTP filters have of requests are a part of these, and left out.
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
    EndpointArrays,
    EndpointCounter,
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
    """The id of the task that a statistic belongs to; None for one of the whole Envoy."""
    parts = name.split(".", 4)
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
    """As a task's own proxy, but without the 503 that Envoy counts for a call which reached no target, and which its
    caller gets as a gRPC status under 200. A proxy of the target's own would have answered it so.
    """
    counters, gauges = HTTP_CLIENT.compute(*counts)
    answered_5xx = counts[HTTP_CLIENT.statistics.index("http.downstream_rq_5xx")]
    code_5xx = EndpointCounter.CODE_5XX
    return (*counters[:code_5xx], np.minimum(counters[code_5xx], answered_5xx), *counters[code_5xx + 1 :]), gauges


def _http_server(*counts: Ints) -> EndpointArrays:
    requests, failed, connections, local_connections, rx, local_rx, active, local_active, *tls = counts
    counters = (requests, connections + local_connections, rx + local_rx, 0, 0, 0, 0, failed, 0, sum(tls), 0)
    return counters, (active + local_active, None, None)


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
