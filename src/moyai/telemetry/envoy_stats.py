"""What one Envoy says it has counted, read out of its OpenTelemetry push. Pure.

Promise: of what a push holds, what a grammar knows; whatever has another form is passed over, so that a newer Envoy may
say more. All counts run from the proxy's start, which the push tells as well: Envoy 1.40 writes it in microseconds, so
it is only compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, StrEnum
from operator import itemgetter
from typing import Any, Final, NamedTuple

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.layout import Found, Record, learn

MAX_ENDPOINTS: Final = 2000
"""How many discovery names one proxy may report on; the rest is passed over."""
_PARTS: Final = 4
"""Layouts remembered of one proxy: a large push comes in parts, and each has its own."""
_MAX_INTERNED: Final = 50_000


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


class Form(NamedTuple):
    """How the figures of one endpoint are made: of these statistics (two at least), by this function; ``timed`` is
    their histogram.
    """

    protocol: str
    statistics: tuple[str, ...]
    make: Callable[..., tuple[tuple[int, ...], tuple[int | None, ...]]]
    timed: str | None = None


class Grammar(NamedTuple):
    """What the statistics of one kind of proxy are called."""

    place: Callable[[str], tuple[Endpoint, str] | None]
    """Of a statistic's whole name, whose it is and which of theirs; None when it is nobody's."""
    form: Callable[[Endpoint, Mapping[str, Found]], Form | None]
    """How an endpoint's figures are made, of which there are these statistics; None when too little is there."""


NOTHING: Final = Grammar(lambda _name: None, lambda _endpoint, _found: None)
"""Of a proxy that is nobody's."""


class _Reader(NamedTuple):
    """A form, with its statistics' places in a push; ``counts`` and ``sum`` are its histogram's, if it has one."""

    endpoint: Endpoint
    form: Form
    take: Callable[[Sequence[Any]], tuple[int, ...]]
    counts: slice | None
    sum: int
    bounds: tuple[float, ...]


class _Known(NamedTuple):
    record: Record
    readers: tuple[_Reader, ...]


class Pushes:
    """Reads the pushes of many proxies, each of which is like the last of the same proxy."""

    def __init__(self) -> None:
        self._interned: dict[bytes, bytes] = {}
        self._bounds: dict[tuple[float, ...], tuple[float, ...]] = {}

    def reader(self, grammar: Grammar) -> Callable[[bytes], Report]:
        """A function that reads the pushes of one proxy. It raises NotOtlp."""
        known: dict[int, _Known] = {}

        def read(body: bytes) -> Report:
            layout = known.get(len(body))
            values = None if layout is None else layout.record.read(body)
            if layout is None or values is None:
                layout = self._learn(body, grammar)
                values = layout.record.read(body)
                if len(known) >= _PARTS:
                    known.clear()
                known[len(body)] = layout
            return _report(layout, values or ())

        return read

    def _learn(self, body: bytes, grammar: Grammar) -> _Known:
        if len(self._interned) > _MAX_INTERNED:
            self._interned.clear()
            self._bounds.clear()
        record, metrics = learn(body, self._interned)
        found: dict[Endpoint, dict[str, Found]] = {}
        for one in metrics:
            place = grammar.place(one.name)
            if place is not None and (place[0] in found or len(found) < MAX_ENDPOINTS):
                found.setdefault(place[0], {})[place[1]] = one
        forms = ((endpoint, grammar.form(endpoint, statistics)) for endpoint, statistics in found.items())
        readers = (
            _reader((endpoint, form), found[endpoint], record.zero, self._bounds)
            for endpoint, form in forms
            if form is not None
        )
        return _Known(record, tuple(readers))


def _report(layout: _Known, values: tuple[Any, ...]) -> Report:
    endpoints: dict[Endpoint, Counted] = {}
    for endpoint, form, take, buckets, total, bounds in layout.readers:
        counters, gauges = form.make(*take(values))
        timed = None
        if buckets is not None:
            timed = Timed(Histogram(bounds, values[buckets]), values[total])
        endpoints[endpoint] = Counted(form.protocol, counters, gauges, timed)
    return Report(values[layout.record.time], endpoints, values[layout.record.start])


def _reader(
    whose: tuple[Endpoint, Form],
    found: Mapping[str, Found],
    zero: int,
    bounds: dict[tuple[float, ...], tuple[float, ...]],
) -> _Reader:
    endpoint, form = whose
    numbers = {name: one.value for name, one in found.items() if one.value is not None}
    take = itemgetter(*(numbers.get(statistic, zero) for statistic in form.statistics))
    timed = found.get(form.timed) if form.timed is not None else None
    if timed is None or timed.counts is None:
        return _Reader(endpoint, form, take, None, zero, ())
    return _Reader(endpoint, form, take, timed.counts, timed.sum, bounds.setdefault(timed.bounds, timed.bounds))
