"""Lifetime totals: the counts since this installation was created, for readers such as Prometheus that compare two
readings.

Promise: a total that was read never goes down, also when a proxy or the control plane restarts or is killed: readers
get saved totals only, and these are saved in one transaction with the last counts of each proxy. A total without
reports for fifteen days may be removed; it starts again from 0. There are at most twenty thousand totals; when there
are more, the one that has been silent the longest is removed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.ports.metric_store import StoredTotal
from moyai.telemetry.reporters.envoy_stats import EndpointCounter
from moyai.telemetry.reporters.reporter import TotalKey
from moyai.telemetry.values import ResponseTimes

MAX_TOTALS: Final = 20_000
_RESAVE_AFTER: Final = 24 * 3600
"""Seconds after which an unchanged total is saved again, because the store removes old ones."""
_MAX: Final = 2**63 - 1
"""The largest count of a total. Only a proxy that sends wrong numbers reaches it."""
_log = logging.getLogger(__name__)


class SavedTotal(NamedTuple):
    """A total, as last saved."""

    key: TotalKey
    counters: tuple[int, ...]
    times: ResponseTimes | None


class _Body(msgspec.Struct, array_like=True):
    """A total, as stored."""

    key: TotalKey
    counters: list[int]
    bounds: tuple[float, ...]
    buckets: list[int]
    sum: float


_DECODER = msgspec.msgpack.Decoder(_Body)


class Total:
    """The counters and response times of one key. ``changed``: they differ from those that were last saved."""

    __slots__ = ("bounds", "buckets", "changed", "counters", "key", "reported_at", "saved_at", "stored_key", "sum")

    def __init__(self, key: TotalKey, at: Instant) -> None:
        self.key, self.reported_at, self.saved_at = key, at, at
        self.stored_key = msgspec.json.encode(key).decode()
        self.counters = [0] * len(EndpointCounter)
        self.bounds: tuple[float, ...] = ()
        self.buckets: list[int] = []
        self.sum = 0.0
        self.changed = True

    def add(self, counters: Sequence[int], times: ResponseTimes | None, now: Instant) -> None:
        """Add new counts, and new response times if there are any."""
        self.reported_at = now
        if any(counters):
            self.counters = list(map(_plus, self.counters, counters))
            self.changed = True
        if times is not None:
            self._add_times(times)
            self.changed = True

    def _add_times(self, times: ResponseTimes) -> None:
        self.sum += times.sum
        bounds, counts = times.histogram
        if bounds != self.bounds and self.buckets:
            bounds, counts = Histogram(self.bounds, tuple(self.buckets)).plus(times.histogram)
            self.bounds, self.buckets = bounds, [min(count, _MAX) for count in counts]
        elif self.buckets:
            self.buckets = list(map(_plus, self.buckets, counts))
        else:
            self.bounds, self.buckets = bounds, list(counts)

    def snapshot(self) -> SavedTotal:
        """The current total, which may be read after it was saved."""
        times = ResponseTimes(Histogram(self.bounds, tuple(self.buckets)), self.sum) if self.buckets else None
        return SavedTotal(self.key, tuple(self.counters), times)

    def encode(self) -> StoredTotal:
        """The total in its stored form."""
        body = _Body(self.key, self.counters, self.bounds, self.buckets, self.sum)
        return StoredTotal(self.stored_key, self.reported_at, msgspec.msgpack.encode(body))


class Totals:
    """All totals. ``records``: the stored totals. A total that can't be read starts again from 0."""

    def __init__(self, records: Iterable[StoredTotal] = ()) -> None:
        self._totals = {total.key: total for total in map(_decode, records) if total is not None}
        self._saved_totals = {key: total.snapshot() for key, total in self._totals.items()}
        self._being_saved: dict[TotalKey, SavedTotal] = {}

    def total(self, key: TotalKey, now: Instant) -> Total:
        """The total of a key. It is created if it does not exist yet."""
        total = self._totals.get(key)
        if total is None:
            if len(self._totals) >= MAX_TOTALS:
                longest_silent = min(self._totals, key=lambda other: self._totals[other].reported_at)
                del self._totals[longest_silent]
                self._saved_totals.pop(longest_silent, None)
            total = self._totals[key] = Total(key, now)
        return total

    def take_unsaved(self) -> Iterator[StoredTotal]:
        """The totals that have changed since they were last taken. Nothing may be counted until all are taken."""
        totals = [
            total
            for total in self._totals.values()
            if total.changed or total.reported_at >= total.saved_at + _RESAVE_AFTER
        ]
        for total in totals:
            total.changed, total.saved_at = False, total.reported_at
            self._being_saved[total.key] = total.snapshot()
            yield total.encode()

    def confirm_saved(self) -> None:
        """Make all totals that were taken readable, because they are saved."""
        self._saved_totals.update((key, total) for key, total in self._being_saved.items() if key in self._totals)
        self._being_saved.clear()

    def mark_unsaved(self) -> None:
        """Mark every total for the next save, because the last one failed."""
        self._being_saved.clear()
        for total in self._totals.values():
            total.changed = True

    def saved_totals(self) -> Sequence[SavedTotal]:
        """All totals, as last saved."""
        return list(self._saved_totals.values())

    def clear(self) -> None:
        """Remove all totals, including the saved ones that are read."""
        for by_key in (self._totals, self._saved_totals, self._being_saved):
            by_key.clear()


def _plus(count: int, delta: int) -> int:
    return min(count + max(delta, 0), _MAX)


def _decode(record: StoredTotal) -> Total | None:
    try:
        body = _DECODER.decode(record.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("a total can't be read and starts again from 0: %s", error)
        return None
    total = Total(body.key, record.at)
    # Another version may have had other counters.
    total.counters = [*body.counters, *([0] * len(EndpointCounter))][: len(EndpointCounter)]
    total.bounds, total.buckets, total.sum = body.bounds, body.buckets, body.sum
    total.changed = False
    return total
