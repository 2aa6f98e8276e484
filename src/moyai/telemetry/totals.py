"""What was counted since there is this installation, for whoever compares two looks.

Promise: a total that is shown never goes back, over a restart of a proxy or of the control plane, kill included: what
is shown is what was saved, in one stroke with how far each proxy has been counted. A total of nobody who reported for
fifteen days may go, and it begins again with 0 when it comes back. There are at most twenty thousand; beyond, the one
that has been silent the longest goes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import Histogram
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import KeptTotal
from moyai.telemetry.envoy_stats import Endpoint, Figure, Timed

MAX_TOTALS: Final = 20_000
_KEPT_AGAIN: Final = 24 * 3600
"""Seconds after which it is written that a total is still reported, when nothing was counted: the old ones go."""
_MOST: Final = 2**63 - 1
"""There a count stays. Only what a proxy made up comes that far."""
_log = logging.getLogger(__name__)


class Whose(NamedTuple):
    """Whose total it is: a service's, on one side of one discovery name. ``protocol``: http or tcp."""

    scope: Scope
    namespace: str
    cluster: str
    service: str
    endpoint: Endpoint
    protocol: str


class Part(StrEnum):
    """What of an App Mesh proxy is counted by itself."""

    PROXY = "proxy"
    """All of it; that has levels alone."""
    LISTENER = "listener"
    HANDSHAKES = "handshakes"
    """Of callers, whichever the listener."""
    TARGET = "target"
    ROUTE = "route"
    GATEWAY_ROUTE = "gateway_route"


class MeshWhose(msgspec.Struct, frozen=True, tag="app_mesh"):
    """Whose total it is, in an App Mesh mesh: a virtual node's or a virtual gateway's (``kind``). ``protocol``: http or
    tcp. Of what goes out ``service`` is the virtual service that is called, and ``target`` a virtual node or a route.
    """

    scope: Scope
    mesh: str
    kind: str
    name: str
    part: Part
    protocol: str
    service: str = ""
    target: str = ""


AnyWhose = Whose | MeshWhose


class Shown(NamedTuple):
    """A total as it was last saved."""

    whose: AnyWhose
    counters: tuple[int, ...]
    time: Timed | None


class _Body(msgspec.Struct, array_like=True):
    """A total as it is kept."""

    whose: AnyWhose
    counters: list[int]
    bounds: tuple[float, ...]
    counts: list[int]
    sum: float


_READER = msgspec.msgpack.Decoder(_Body)


class Total:
    """One total."""

    __slots__ = ("at", "bounds", "changed", "counters", "counts", "kept_at", "key", "sum", "whose")

    def __init__(self, whose: AnyWhose, at: Instant) -> None:
        self.whose, self.at, self.kept_at = whose, at, at
        self.key = msgspec.json.encode(whose).decode()
        self.counters = [0] * len(Figure)
        self.bounds: tuple[float, ...] = ()
        self.counts: list[int] = []
        self.sum = 0.0
        self.changed = True

    def add(self, counters: Sequence[int], time: Timed | None, now: Instant) -> None:
        """Count what is new: all counters or none, and times."""
        self.at = now
        if any(counters):
            self.counters = list(map(_plus, self.counters, counters))
            self.changed = True
        if time is not None:
            self._add_time(time)
            self.changed = True

    def _add_time(self, time: Timed) -> None:
        self.sum += time.sum
        bounds, counts = time.histogram
        if bounds != self.bounds and self.counts:
            bounds, counts = Histogram(self.bounds, tuple(self.counts)).plus(time.histogram)
            self.bounds, self.counts = bounds, [min(count, _MOST) for count in counts]
        elif self.counts:
            self.counts = list(map(_plus, self.counts, counts))
        else:
            self.bounds, self.counts = bounds, list(counts)

    @property
    def shown(self) -> Shown:
        """As it is now."""
        time = Timed(Histogram(self.bounds, tuple(self.counts)), self.sum) if self.counts else None
        return Shown(self.whose, tuple(self.counters), time)


class Totals:
    """All of them. ``kept``: as they were saved."""

    def __init__(self, kept: Iterable[KeptTotal] = ()) -> None:
        self._totals = {total.whose: total for total in map(_restored, kept) if total is not None}
        self._shown = {whose: total.shown for whose, total in self._totals.items()}
        self._pending: dict[AnyWhose, Shown] = {}

    def of(self, whose: AnyWhose, now: Instant) -> Total:
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
        for total in [one for one in self._totals.values() if one.changed or one.at >= one.kept_at + _KEPT_AGAIN]:
            total.changed, total.kept_at = False, total.at
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
        """All that is saved."""
        return list(self._shown.values())

    def clear(self) -> None:
        """Forget all."""
        for held in (self._totals, self._shown, self._pending):
            held.clear()


def _plus(count: int, new: int) -> int:
    return min(count + max(new, 0), _MOST)


def _kept(total: Total) -> KeptTotal:
    body = _Body(total.whose, total.counters, total.bounds, total.counts, total.sum)
    return KeptTotal(total.key, total.at, msgspec.msgpack.encode(body))


def _restored(kept: KeptTotal) -> Total | None:
    try:
        body = _READER.decode(kept.body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        _log.warning("a total can't be read and begins anew: %s", error)
        return None
    total = Total(body.whose, kept.at)
    total.counters = [*body.counters, *([0] * len(Figure))][: len(Figure)]  # another version had others
    total.bounds, total.counts, total.sum = body.bounds, body.counts, body.sum
    total.changed = False
    return total
