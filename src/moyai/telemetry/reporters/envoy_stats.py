"""The values that an Envoy reports of its endpoints, independent of the names of its statistics.

Promise: a statistic that a naming does not know is ignored, so that a newer Envoy may report more. All counts are
cumulative from the proxy's start. A push has the time of the start as well; Envoy 1.40 writes it in microseconds
instead of nanoseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.telemetry.values import Ints, ResponseTimes

MAX_PARSED_NAMES: Final = 20_000
"""The most parsed names of statistics that are cached. Many proxies have the same names."""


class Side(StrEnum):
    """The end of a call that a proxy is at. The values are the words in Envoy's statistic names."""

    CLIENT = "egress"
    SERVER = "ingress"


class EndpointCounter(IntEnum):
    """The counters of an endpoint; the value is the index among them."""

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


CODE_CLASSES: Mapping[str, EndpointCounter] = MappingProxyType(
    {
        "2xx": EndpointCounter.CODE_2XX,
        "3xx": EndpointCounter.CODE_3XX,
        "4xx": EndpointCounter.CODE_4XX,
        "5xx": EndpointCounter.CODE_5XX,
    }
)
"""The counters of responses, by the label that a class of status codes has."""
TLS_ERRORS: Final = (
    "ssl.connection_error",
    *(f"ssl.fail_verify_{check}" for check in ("cert_hash", "error", "no_cert", "san")),
)
"""The statistics of failed TLS handshakes. Envoy counts those with a bad certificate apart from all others."""
GRPC_SERVER_ERRORS: Final = tuple(f"grpc.{status}" for status in (2, 4, 12, 13, 14, 15))
"""The statistics of responses whose gRPC status corresponds to a 5xx: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED,
INTERNAL, UNAVAILABLE and DATA_LOSS.
"""


class EndpointGauge(IntEnum):
    """The gauges of an endpoint; the value is the index among them."""

    OPEN_CONNECTIONS = 0
    TARGETS = 1
    EJECTED = 2


class StatEndpoint(NamedTuple):
    """The subject of statistics: one side of one discovery name, or a part of an App Mesh proxy."""

    side: Side
    name: str


class EndpointProtocol(NamedTuple):
    """An endpoint and its protocol: http or tcp."""

    endpoint: StatEndpoint
    protocol: str


class EndpointStats(NamedTuple):
    """The counts of one endpoint since its proxy's start, and its gauges. ``protocol``: http or tcp."""

    protocol: str
    counters: tuple[int, ...]
    gauges: tuple[int | None, ...]
    times: ResponseTimes | None = None


class ProxyReport(NamedTuple):
    """One push. ``taken_at``: nanoseconds of the proxy's own clock, the same in all parts of one flush.
    ``proxy_start``: in the proxy's unit; 0 when the push does not have it.
    """

    taken_at: int
    endpoints: Mapping[StatEndpoint, EndpointStats]
    proxy_start: int = 0


class CounterArrays(NamedTuple):
    """The values of each ``EndpointCounter``, in its order, by proxy and endpoint; 0 for a counter that these endpoints
    don't have.
    """

    requests: Ints | int = 0
    connections: Ints | int = 0
    bytes: Ints | int = 0
    code_2xx: Ints | int = 0
    code_3xx: Ints | int = 0
    code_4xx: Ints | int = 0
    code_5xx: Ints | int = 0
    failures: Ints | int = 0
    retries: Ints | int = 0
    tls_errors: Ints | int = 0
    timeouts: Ints | int = 0


class GaugeArrays(NamedTuple):
    """The values of each ``EndpointGauge``, in its order, by proxy and endpoint; None for a gauge that these endpoints
    don't have.
    """

    open_connections: Ints | None = None
    targets: Ints | None = None
    ejected: Ints | None = None


EndpointArrays = tuple[CounterArrays, GaugeArrays]
"""The values of many proxies' endpoints at once."""


class StatMapping(NamedTuple):
    """How Envoy's statistics of an endpoint become its counters and gauges.

    ``compute`` is called with an array for each of ``statistics``, in their order. ``histogram`` is the statistic of
    the response times. ``differences`` are counters that are one statistic minus another: Envoy reads the two one after
    the other while it continues to count, so a difference may be a little less than in the previous report.
    """

    protocol: str
    statistics: tuple[str, ...]
    compute: Callable[..., EndpointArrays]
    histogram: str | None = None
    differences: tuple[EndpointCounter, ...] = ()


class StatNaming(NamedTuple):
    """The names of the statistics of one kind of proxy."""

    parse: Callable[[str], tuple[StatEndpoint, str] | None]
    """Returns the endpoint of a whole name, and the statistic's name without it; None when it is not used."""
    mapping: Callable[[StatEndpoint, Collection[str]], StatMapping | None]
    """Returns the mapping for an endpoint that has these statistics; None when they are too few."""
    parse_other: Callable[[str], tuple[StatEndpoint, str] | None] = lambda _name: None
    """Returns the same for a statistic that also belongs to a second endpoint; None for every other statistic."""


NO_STATS: Final = StatNaming(lambda _name: None, lambda _endpoint, _statistics: None)
"""The naming for a proxy whose workload is unknown: no statistic is used."""
