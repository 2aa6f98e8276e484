"""From counts since a proxy's start to what is new in each of its reports. Pure.

Promise: over any sequence of reports of one proxy, whatever was lost or came twice, the new counts add up to the
last count that arrived; nothing is counted twice and nothing between is lost. A count that went down, that
was away for a report and came back, or whose proxy says that it began at another time, has begun again from 0 (Envoy
forgets a statistic with the last cluster or listener that has its name).
A proxy's first report counts from 0, unless it is said to be a baseline: then what came before it is not known to
be new and counts for nothing. What is known of a proxy can be written down and read again, and counting goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import sub
from typing import NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.envoy_stats import Counted, Endpoint, Figure, Report, Side, Timed

ZEROS = (0,) * len(Figure)
"""Nothing new: it is always this one."""


class News(NamedTuple):
    """What is new of one endpoint: counts since the report before, levels as they are."""

    endpoint: Endpoint
    protocol: str
    counters: tuple[int, ...]
    gauges: tuple[int | None, ...]
    time: Timed | None


class _Known(NamedTuple):
    taken_at: int
    counters: tuple[int, ...]
    time: Timed | None


class _Line(msgspec.Struct, array_like=True):
    """What is known of one endpoint, as it is written down."""

    side: Side
    name: str
    taken_at: int
    counters: tuple[int, ...]
    counts: tuple[int, ...]
    sum: float
    bounds: int


class _Page(msgspec.Struct, array_like=True):
    """What is known of a proxy, as it is written down."""

    began: int
    taken_at: int
    before: int
    bounds: list[tuple[float, ...]]
    lines: list[_Line]


_READER = msgspec.msgpack.Decoder(_Page)


class Counting:
    """One proxy's counts, as far as they have been reported."""

    def __init__(self) -> None:
        self._known: dict[Endpoint, _Known] = {}
        self._began = 0
        self._taken_at = 0
        self._before = 0
        self._size = 0
        self.changed = False
        """Whether what is known is another than it was when it was last written."""

    @classmethod
    def restored(cls, body: bytes) -> Counting:
        """From what ``written`` returned. Raises msgspec.MsgspecError or ValueError when this is something else."""
        page = _READER.decode(body)
        made = cls()
        made._began, made._taken_at, made._before = page.began, page.taken_at, page.before
        for line in page.lines:
            if len(line.counters) != len(Figure) or line.bounds >= len(page.bounds):
                raise ValueError("counts of another version")
            time = Timed(Histogram(page.bounds[line.bounds], line.counts), line.sum) if line.counts else None
            made._known[Endpoint(line.side, line.name)] = _Known(line.taken_at, line.counters, time)
        return made

    def written(self) -> bytes:
        """What is known, as bytes. What has been away is forgotten."""
        self._known = {endpoint: one for endpoint, one in self._known.items() if one.taken_at >= self._before}
        self.changed = False
        bounds: dict[tuple[float, ...], int] = {}
        lines = []
        for endpoint, known in self._known.items():
            limits, counts = known.time.histogram if known.time is not None else ((), ())
            total = known.time.sum if known.time is not None else 0.0
            place = bounds.setdefault(limits, len(bounds))
            lines.append(_Line(endpoint.side, endpoint.name, known.taken_at, known.counters, counts, total, place))
        return msgspec.msgpack.encode(_Page(self._began, self._taken_at, self._before, list(bounds), lines))

    def advance(self, report: Report, *, baseline: bool = False) -> list[News]:
        """What the report adds; nothing when it is late or a repetition."""
        if report.taken_at < self._taken_at:
            return []
        if report.began and report.began != self._began:
            if self._began:
                self._known.clear()
            self._began = report.began
        if report.taken_at > self._taken_at:
            self._before, self._taken_at = self._taken_at, report.taken_at
        news = []
        for endpoint, counted in report.endpoints.items():
            known = self._known.get(endpoint)
            if known is not None and known.taken_at == report.taken_at:
                continue
            self._known[endpoint] = _Known(report.taken_at, counted.counters, counted.time)
            if baseline:
                continue
            news.append(_since(endpoint, known if known is None or known.taken_at == self._before else None, counted))
        fresh = any(one.counters is not ZEROS or one.time is not None for one in news)
        self.changed |= fresh or baseline or len(report.endpoints) != self._size
        self._size = len(report.endpoints)
        return news


def _since(endpoint: Endpoint, last: _Known | None, counted: Counted) -> News:
    if last is None:
        return News(endpoint, *counted)
    counters = ZEROS if counted.counters == last.counters else _new(last.counters, counted.counters)
    return News(endpoint, counted.protocol, counters, counted.gauges, _new_times(last.time, counted.time))


def _new(last: Sequence[int], now: Sequence[int]) -> tuple[int, ...]:
    new = tuple(map(sub, now, last))
    if min(new) >= 0:
        return new
    return tuple([value - before if value >= before else value for before, value in zip(last, now, strict=True)])


def _new_times(last: Timed | None, timed: Timed | None) -> Timed | None:
    if last is None or timed is None or last.histogram.bounds != timed.histogram.bounds:
        return timed
    if timed.histogram.counts == last.histogram.counts:
        return None
    counts = tuple(map(sub, timed.histogram.counts, last.histogram.counts))
    if min(counts) < 0:
        return timed
    return Timed(Histogram(timed.histogram.bounds, counts), max(timed.sum - last.sum, 0.0))
