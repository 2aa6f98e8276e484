"""Where metrics are kept: bodies that only the telemetry can read, found by what they are of and when.

Promise: what is given to ``keep`` together is kept together or not at all, also over a kill; after a power cut the last
of it may be missing, never a part. So a proxy's figures and how far it has been counted are always of the same moment.
All of it is bounded in bytes: when it is full, the oldest goes. A file that can't be read is set aside and a new one
begun; it never stops the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ProxyId

GROUPS = 1 << 24
"""There is no group of this number, nor of a larger one."""
COLUMNS = 1 << 18
"""There is no column of this number, nor of a larger one."""


class MetricStoreFault(MoyaiError):
    """Metrics can't be written; nothing of the call was kept. The next call may succeed. ``begun_anew``: what was kept
    before is gone as well, so whoever still has some of it had better give it again.
    """

    def __init__(self, message: str, *, begun_anew: bool = False) -> None:
        super().__init__(message)
        self.begun_anew = begun_anew


class KeptGroup(NamedTuple):
    """Metrics that are kept together, and their names."""

    number: int
    body: bytes


class KeptMinute(NamedTuple):
    """A minute of a group. ``start``: whole seconds, as in all of these."""

    start: int
    group: int
    body: bytes


class KeptHour(NamedTuple):
    """An hour of one metric, which is the column ``column`` of its group."""

    start: int
    group: int
    column: int
    body: bytes


class KeptProxy(NamedTuple):
    """How far a proxy has been counted, by the report that came ``at`` then."""

    proxy: ProxyId
    at: Instant
    body: bytes


class KeptTotal(NamedTuple):
    """What was counted of one thing since there is this store, with the last report ``at`` then."""

    key: str
    at: Instant
    body: bytes


class Fold(NamedTuple):
    """A group's hour whose minutes are no longer needed."""

    group: int
    hour: int


class MetricBatch(msgspec.Struct, frozen=True):
    """What is kept in one stroke: all of it replaces what is kept under the same key."""

    groups: Sequence[KeptGroup] = ()
    minutes: Sequence[KeptMinute] = ()
    hours: Sequence[KeptHour] = ()
    proxies: Sequence[KeptProxy] = ()
    folded: Sequence[Fold] = ()
    forgotten: Sequence[int] = ()
    """Groups that are no more."""
    totals: Sequence[KeptTotal] = ()


class MetricStore(Protocol):
    """Keeps metrics. Reading is at once, and finds nothing where it can't read; used from one event loop only."""

    @property
    def since(self) -> Instant:
        """Since when there is this store: what proxies counted before is nowhere in it."""

    @property
    def fault(self) -> str | None:
        """Why nothing could be kept the last time, where and what to do; None when something was."""

    def groups(self) -> Iterable[KeptGroup]:
        """Every group, in the order of their numbers."""

    def minutes(self, group: int, start: float, end: float) -> Sequence[KeptMinute]:
        """The group's minutes with ``start <= minute < end``, oldest first."""

    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[KeptHour]:
        """The metric's hours with ``start <= hour < end``, oldest first."""

    def proxy(self, proxy: ProxyId) -> bytes | None:
        """How far a proxy has been counted."""

    def totals(self) -> Iterable[KeptTotal]:
        """Every total."""

    async def unfolded(self, before: int) -> Sequence[Fold]:
        """The oldest hour that has minutes, by group, if it is over before then. Raises MetricStoreFault."""

    async def keep(self, batch: MetricBatch) -> None:
        """Keep it. Raises MetricStoreFault."""

    async def expire(self, hours_before: int, proxies_before: Instant) -> None:
        """Drop the hours, minutes and totals before the one, and the proxies silent since the other; and when it is
        too full, the oldest hours. Raises MetricStoreFault.
        """

    async def clear(self) -> None:
        """Drop everything; ``since`` is now. Raises MetricStoreFault."""

    async def close(self) -> None:
        """Let go. Harmless when repeated."""
