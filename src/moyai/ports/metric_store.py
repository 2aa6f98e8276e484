"""The store of metrics: encoded values that only ``telemetry`` can decode, by metric and time.

Promise: one ``save`` is atomic, also when the process is killed; after a power cut the newest saves may be missing,
never a part of one. So a proxy's metrics and how far it has been counted are always of the same moment. The store is
bounded in bytes: when it is full, the oldest hours are deleted. An unreadable file is set aside and a new one is
created, so that the start never fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ProxyId

GROUPS = 1 << 24
"""Every group's number is below this."""
COLUMNS = 1 << 18
"""Every column's number is below this."""


class MetricStoreFault(MoyaiError):
    """Metrics can't be written; nothing of the call was saved. The next call may succeed."""


class StoredGroup(NamedTuple):
    """A group of metrics that are stored together; the body has their names."""

    number: int
    body: bytes


class StoredMinute(NamedTuple):
    """One minute of a group. ``start``: whole seconds, as in the other values."""

    start: int
    group: int
    body: bytes


class StoredHour(NamedTuple):
    """One hour of one metric, which is the column ``column`` of its group."""

    start: int
    group: int
    column: int
    body: bytes


class StoredProxy(NamedTuple):
    """How far a proxy has been counted; ``at``: the time of the last report that was counted."""

    proxy: ProxyId
    at: Instant
    body: bytes


class StoredTotal(NamedTuple):
    """The total that was counted under one key since the store was created; ``at``: the time of the last report."""

    key: str
    at: Instant
    body: bytes


class GroupHour(NamedTuple):
    """One hour of a group."""

    group: int
    hour: int


class MetricBatch(msgspec.Struct, frozen=True):
    """The contents of one ``save``: each item replaces what is stored under the same key.

    The minutes of the ``compacted`` hours and the groups with the numbers ``deleted_groups`` are removed.
    """

    groups: Sequence[StoredGroup] = ()
    minutes: Sequence[StoredMinute] = ()
    hours: Sequence[StoredHour] = ()
    proxies: Sequence[StoredProxy] = ()
    compacted: Sequence[GroupHour] = ()
    deleted_groups: Sequence[int] = ()
    totals: Sequence[StoredTotal] = ()


class MetricStore(Protocol):
    """Stores metrics. Reading returns at once, and nothing if the file can't be read. Used from one event loop only."""

    @property
    def since(self) -> Instant:
        """When the store was created: nothing in it was counted before."""

    @property
    def fault(self) -> str | None:
        """Why the last save failed, where and what to do; None when it succeeded."""

    def groups(self) -> Iterable[StoredGroup]:
        """Every group, in the order of their numbers."""

    def minutes(self, group: int, start: float, end: float) -> Sequence[StoredMinute]:
        """The group's minutes with ``start <= minute < end``, oldest first."""

    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[StoredHour]:
        """The metric's hours with ``start <= hour < end``, oldest first."""

    def proxy(self, proxy: ProxyId) -> bytes | None:
        """How far a proxy has been counted."""

    def totals(self) -> Iterable[StoredTotal]:
        """The saved totals of all keys."""

    async def hours_to_compact(self, before: int) -> Sequence[GroupHour]:
        """The oldest hour that has minutes, for each group, if it ends by ``before``. Raises MetricStoreFault."""

    async def save(self, batch: MetricBatch) -> None:
        """Write a batch. Raises MetricStoreFault."""

    async def expire(self, hours_before: int, proxies_before: Instant) -> None:
        """Remove the hours, minutes and totals before ``hours_before``, the proxies silent since ``proxies_before``,
        and the oldest hours while the store is too full. Raises MetricStoreFault.
        """

    async def clear(self) -> None:
        """Remove everything; ``since`` becomes now. Raises MetricStoreFault."""

    async def close(self) -> None:
        """Close the store. A repeated call does nothing."""
