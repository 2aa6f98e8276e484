"""What was counted since there is this installation, for whoever compares two looks.

Promise: a total that is shown never goes back, over a restart of a proxy or of the control plane, kill included: what
is shown is what was saved, in one stroke with how far each proxy has been counted. A total of nobody who reported for
fifteen days may go, and it begins again with 0 when it comes back. There are at most twenty thousand; beyond, the one
that has been silent the longest goes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import KeptTotal
from moyai.telemetry.deltas import News
from moyai.telemetry.envoy_stats import Endpoint, Figure, Timed

MAX_TOTALS: Final = 20_000
_log = logging.getLogger(__name__)


class Whose(NamedTuple):
    """Whose total it is: a service's, on one side of one discovery name. ``protocol``: http or tcp."""

    scope: Scope
    namespace: str
    cluster: str
    service: str
    endpoint: Endpoint
    protocol: str


class Shown(NamedTuple):
    """A total as it was last saved."""

    whose: Whose
    counters: tuple[int, ...]
    time: Timed | None


class _Body(msgspec.Struct, array_like=True):
    """A total as it is kept."""

    whose: Whose
    counters: tuple[int, ...]
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    sum: float = 0.0


class Total:
    """One total."""

    __slots__ = ("at", "changed", "counters", "key", "time", "whose")

    def __init__(self, whose: Whose, at: Instant) -> None:
        self.whose, self.at = whose, at
        self.key = msgspec.json.encode(whose).decode()
        self.counters: tuple[int, ...] = (0,) * len(Figure)
        self.time: Timed | None = None
        self.changed = True

    def add(self, news: News, now: Instant) -> None:
        """Count what is new."""
        self.at = now
        if any(news.counters):
            self.counters = tuple([mine + more for mine, more in zip(self.counters, news.counters, strict=True)])
            self.changed = True
        if news.time is not None and any(news.time.histogram.counts):
            self.time = news.time if self.time is None else _together(self.time, news.time)
            self.changed = True

    @property
    def shown(self) -> Shown:
        """As it is now."""
        return Shown(self.whose, self.counters, self.time)


class Totals:
    """All of them. ``kept``: as they were saved."""

    def __init__(self, kept: Iterable[KeptTotal] = ()) -> None:
        self._totals = {total.whose: total for total in map(_restored, kept) if total is not None}
        self._shown = {whose: total.shown for whose, total in self._totals.items()}
        self._pending: dict[Whose, Shown] = {}

    def of(self, whose: Whose, now: Instant) -> Total:
        """The total, made when there is none yet."""
        found = self._totals.get(whose)
        if found is None:
            if len(self._totals) >= MAX_TOTALS:
                silent = min(self._totals, key=lambda one: self._totals[one].at)
                del self._totals[silent]
                self._shown.pop(silent, None)
            found = self._totals[whose] = Total(whose, now)
        return found

    def unsaved(self) -> Iterator[KeptTotal]:
        """Those that have changed since they were last asked for. Nothing may be counted before the last is taken."""
        for total in [one for one in self._totals.values() if one.changed]:
            total.changed = False
            self._pending[total.whose] = total.shown
            yield _kept(total)

    def saved(self) -> None:
        """What was asked for is saved: it may be shown."""
        self._shown.update((whose, shown) for whose, shown in self._pending.items() if whose in self._totals)
        self._pending.clear()

    def unsave(self) -> None:
        """None of it is saved."""
        self._pending.clear()
        for total in self._totals.values():
            total.changed = True

    def shown(self) -> Sequence[Shown]:
        """All that is saved, in the order of their names."""
        return [self._shown[whose] for whose in sorted(self._shown)]

    def clear(self) -> None:
        """Forget all."""
        for held in (self._totals, self._shown, self._pending):
            held.clear()


def _together(mine: Timed, more: Timed) -> Timed:
    return Timed(mine.histogram.plus(more.histogram), mine.sum + more.sum)


def _kept(total: Total) -> KeptTotal:
    bounds, counts = total.time.histogram if total.time is not None else ((), ())
    body = _Body(total.whose, total.counters, bounds, counts, total.time.sum if total.time is not None else 0.0)
    return KeptTotal(total.key, total.at, msgspec.msgpack.encode(body))


def _restored(kept: KeptTotal) -> Total | None:
    try:
        body = msgspec.msgpack.decode(kept.body, type=_Body)
    except msgspec.MsgspecError as error:
        _log.warning("a total can't be read and begins anew: %s", error)
        return None
    total = Total(body.whose, kept.at)
    total.counters = tuple([*body.counters, *([0] * len(Figure))][: len(Figure)])
    total.time = Timed(Histogram(body.bounds, body.counts), body.sum) if body.counts else None
    total.changed = False
    return total
