"""Metrics in memory: slots of five seconds for three hours, of a minute for fifteen days.

Promise: bounded. A series keeps so many slots and no more, fewer when there are many series; a scope keeps so many
series, and drops those that have been silent the longest. A slot without a sample takes no room. What is in here is
gone with the process; the proxies count on, and what they count from then on is right.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html (retention)
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from moyai.domain.cloudwatch.metric import Histogram, MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metrics import Period
from moyai.telemetry.accumulate import Accumulator, Sample, accumulator
from moyai.telemetry.names import Kind

FINE = 5
"""Seconds of a fine slot."""
COARSE = 60
_FINE_KEPT = 3 * 3600 // FINE
_COARSE_KEPT = 15 * 24 * 3600 // COARSE
MAX_SERIES = 20_000
"""Series of one scope."""
MAX_SLOTS = 3_000_000
"""Slots of one width, of all series together: some 200 MB when all are full."""
_COLUMNS = 5
_NOTHING: Mapping[MetricId, Series] = MappingProxyType({})


class _Open(NamedTuple):
    start: Instant
    samples: Accumulator


class _Closed:
    """Slots that are over, oldest first: forty bytes each, and a histogram where there is one."""

    def __init__(self) -> None:
        self._numbers = array("d")
        self._histograms: list[Histogram | None] = []

    def __len__(self) -> int:
        return len(self._histograms)

    def append(self, slot: Period) -> None:
        of = slot.summary
        self._numbers.extend((slot.start, of.count, of.sum, of.minimum, of.maximum))
        self._histograms.append(of.histogram)

    def drop(self, count: int) -> None:
        del self._numbers[: count * _COLUMNS]
        del self._histograms[:count]

    def start(self, index: int) -> Instant:
        return Instant(self._numbers[index * _COLUMNS])

    def slot(self, index: int) -> Period:
        start, count, total, least, most = self._numbers[index * _COLUMNS : (index + 1) * _COLUMNS]
        return Period(Instant(start), Summary(count, total, least, most, self._histograms[index]))

    def merge(self, slot: Period) -> None:
        """Add to a slot that is over, which is made when there was nothing in it."""
        index = self.first_from(slot.start)
        start = index * _COLUMNS
        of = slot.summary
        if index < len(self) and self.start(index) == slot.start:
            of = self.slot(index).summary.plus(of)
            self._histograms[index] = of.histogram
            self._numbers[start : start + _COLUMNS] = array("d", (slot.start, of.count, of.sum, of.minimum, of.maximum))
        else:
            self._histograms.insert(index, of.histogram)
            self._numbers[start:start] = array("d", (slot.start, of.count, of.sum, of.minimum, of.maximum))

    def first_from(self, start: Instant) -> int:
        return bisect_left(range(len(self)), start, key=self.start)


class Track:
    """One metric in slots of one width (seconds), the newest ``kept()`` of them."""

    def __init__(self, kind: Kind, width: int, kept: Callable[[], int]) -> None:
        self._kind = kind
        self._width = width
        self._kept = kept
        self._closed = _Closed()
        self._open: _Open | None = None
        self.dropped_before = Instant(0)
        """Slots that began before this may be gone."""

    def add(self, at: Instant, sample: Sample) -> None:
        """Take a sample into the slot of ``at``. Only what was put has a time of its own: a clock that went back opens
        no slot.
        """
        start = Instant(at - at % self._width)
        if self._open is not None and start < self._open.start and sample.summary is not None:
            self._closed.merge(Period(start, sample.summary))
            self._trim()
            return
        if self._open is None or start > self._open.start:
            self._close()
            self._open = _Open(start, accumulator(self._kind))
        self._open.samples.add(sample)

    def between(self, start: Instant, end: Instant) -> Iterator[Period]:
        """The slots that begin in [``start``, ``end``), oldest first, the open one too."""
        for index in range(self._closed.first_from(start), len(self._closed)):
            if self._closed.start(index) >= end:
                return
            yield self._closed.slot(index)
        if self._open is not None and start <= self._open.start < end:
            yield Period(self._open.start, self._open.samples.summary())

    def _close(self) -> None:
        if self._open is None:
            return
        self._closed.append(Period(self._open.start, self._open.samples.summary()))
        self._trim()

    def _trim(self) -> None:
        kept = self._kept()
        if len(self._closed) > kept + kept // 8:  # in lots: what is left moves once for many slots
            self._closed.drop(len(self._closed) - kept)
            self.dropped_before = self._closed.start(0)


class Series:
    """One metric, fine and coarse."""

    def __init__(self, kind: Kind, unit: str, room: Callable[[], int]) -> None:
        self.unit = unit
        self.last_at = Instant(0)
        self.fine = Track(kind, FINE, lambda: min(_FINE_KEPT, room()))
        self.coarse = Track(kind, COARSE, lambda: min(_COARSE_KEPT, room()))

    def add(self, at: Instant, sample: Sample) -> None:
        """Take a sample."""
        self.last_at = max(self.last_at, at)
        self.fine.add(at, sample)
        self.coarse.add(at, sample)


class Archive:
    """All series of all scopes."""

    def __init__(self, max_series: int = MAX_SERIES, max_slots: int = MAX_SLOTS) -> None:
        self._scopes: dict[Scope, dict[MetricId, Series]] = {}
        self._max_series = max_series
        self._max_slots = max_slots

    def series(self, scope: Scope, metric: MetricId, kind: Kind, unit: str) -> Series:
        """The series, made when there is none yet."""
        held = self._scopes.setdefault(scope, {})
        found = held.get(metric)
        if found is None:
            if len(held) >= self._max_series:
                del held[min(held, key=lambda one: held[one].last_at)]
            found = held[metric] = Series(kind, unit, self._room)
        return found

    def of(self, scope: Scope) -> Mapping[MetricId, Series]:
        """The scope's series."""
        return self._scopes.get(scope, _NOTHING)

    def scopes(self) -> tuple[Scope, ...]:
        """Every scope that has a series."""
        return tuple(self._scopes)

    def _room(self) -> int:
        """Slots that each track may keep."""
        return max(self._max_slots // sum(map(len, self._scopes.values())), 1)

    def clear(self) -> None:
        """Forget everything."""
        self._scopes.clear()
