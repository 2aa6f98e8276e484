"""What one Envoy says it has counted, read out of its OpenTelemetry push. Pure.

Promise: of what a push holds, what a grammar knows; whatever has another form is passed over, so that a newer Envoy may
say more. All counts run from the proxy's start, which the push tells as well: Envoy 1.40 writes it in microseconds, so
it is only compared.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.arrays import Ints

MOST_NAMES: Final = 20_000
"""Statistics of which it is remembered whose they are: many proxies have the same."""


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


class Spoken(NamedTuple):
    """An endpoint, and what is spoken there: http or tcp."""

    endpoint: Endpoint
    protocol: str


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


Made = tuple[Sequence[Ints | int], Sequence[Ints | None]]
"""Of many endpoints at once: each ``Figure`` in its order, and each ``Gauge``."""


class Form(NamedTuple):
    """How the figures of endpoints are made: of these statistics, an array of each, by this function; ``timed`` is
    their histogram. ``differences``: figures that are one statistic less another. An Envoy counts while it reads one
    after the other, so these may be a little less than before.
    """

    protocol: str
    statistics: tuple[str, ...]
    make: Callable[..., Made]
    timed: str | None = None
    differences: tuple[Figure, ...] = ()


class Grammar(NamedTuple):
    """What the statistics of one kind of proxy are called."""

    place: Callable[[str], tuple[Endpoint, str] | None]
    """Of a statistic's whole name, whose it is and which of theirs; None when it is nobody's."""
    form: Callable[[Endpoint, Collection[str]], Form | None]
    """How an endpoint's figures are made, of which there are these statistics; None when too little is there."""


NOTHING: Final = Grammar(lambda _name: None, lambda _endpoint, _found: None)
"""Of a proxy that is nobody's."""
