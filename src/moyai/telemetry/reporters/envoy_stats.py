"""The values that an Envoy reports of its endpoints, independent of the names of its statistics.

Promise: a statistic that a naming does not know is passed over, so that a newer Envoy may report more. All counts are
cumulative from the proxy's start, which a push has as well; Envoy 1.40 writes it in microseconds instead of
nanoseconds, so it is only ever compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from moyai.telemetry.values import Ints, ResponseTimes

MAX_PARSED_NAMES: Final = 20_000
"""Names of statistics that are cached parsed: many proxies have the same."""


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
    """One push. ``taken_at``: nanoseconds by the proxy's own clock, the same in all parts of one flush.
    ``proxy_start``: in whatever unit; 0 when the push does not have it.
    """

    taken_at: int
    endpoints: Mapping[StatEndpoint, EndpointStats]
    proxy_start: int = 0


EndpointArrays: TypeAlias = "tuple[Sequence[Ints | int], Sequence[Ints | None]]"
"""The values of many endpoints at once: an array for each ``EndpointCounter``, and for each ``EndpointGauge``."""


class StatMapping(NamedTuple):
    """How Envoy's statistics of an endpoint become its counters and gauges.

    ``compute`` gets an array for each of ``statistics``, in their order. ``histogram`` is the statistic of the response
    times. ``differences`` are counters that are one statistic less another: Envoy reads one after the other while it
    goes on counting, so these may be a little less than in the report before.
    """

    protocol: str
    statistics: tuple[str, ...]
    compute: Callable[..., EndpointArrays]
    histogram: str | None = None
    differences: tuple[EndpointCounter, ...] = ()


class StatNaming(NamedTuple):
    """The names of the statistics of one kind of proxy."""

    parse: Callable[[str], tuple[StatEndpoint, str] | None]
    """From a whole name to the endpoint and the name of its statistic; None when the statistic is not used."""
    mapping: Callable[[StatEndpoint, Collection[str]], StatMapping | None]
    """The mapping for an endpoint that has these statistics; None when they are too few."""
    parse_other: Callable[[str], tuple[StatEndpoint, str] | None] = lambda _name: None
    """The same of a second endpoint that a statistic is also of."""


NO_STATS: Final = StatNaming(lambda _name: None, lambda _endpoint, _statistics: None)
"""The naming for a proxy of which nothing is known: no statistic is used."""
