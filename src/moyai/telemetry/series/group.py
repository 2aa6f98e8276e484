"""Series, the groups that they are stored in, and the minutes that are still in memory.

Promise: metrics with the same scope, namespace and dimensions are one group, because they change together: the calls
between two services have many metrics. A group's minute is one body in the store, with a column for each metric.
A minute is in memory until it is over and saved; after that it is read from the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import msgspec
from typing_extensions import override

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import StoredHour, StoredMinute
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.series.encoding import DecodedBody, InvalidBody, decode_body
from moyai.telemetry.series.minute_bucket import HOUR, MINUTE, SLOT, GroupMinute, MinuteBucket
from moyai.telemetry.values import SampleKind

_NO_MINUTE: Final = -1
DirtyMinutes = set[tuple["SeriesGroup", int]]
"""Minutes with samples that are not saved yet: the group, and when the minute starts."""
GroupKey = tuple[Scope, str, tuple[tuple[str, str], ...]]
"""Scope, namespace and dimensions."""


class History(Protocol):
    """The part of a ``MetricStore`` that series are read from."""

    def minutes(self, group: int, start: float, end: float) -> Sequence[StoredMinute]:
        """The stored minutes of a group whose start is in the span, as ``MetricStore.minutes``."""

    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[StoredHour]:
        """The stored hours of one metric whose start is in the span, as ``MetricStore.hours``."""


class NoHistory(History):
    """An empty history, for a head without a store."""

    @override
    def minutes(self, group: int, start: float, end: float) -> Sequence[StoredMinute]:
        del self, group, start, end
        return ()

    @override
    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[StoredHour]:
        del self, group, column, start, end
        return ()


class StoredColumn(msgspec.Struct, array_like=True):
    """A metric of a group, as it is stored."""

    number: int
    name: str
    unit: str
    kind: str
    last_at: float


class StoredGroupBody(msgspec.Struct, array_like=True):
    """A group, as it is stored."""

    scope: Scope
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    columns: list[StoredColumn]
    next_column: int


class SlotTime(NamedTuple):
    """A time, the start of its minute, and the number of its slot in the minute."""

    at: Instant
    minute: int
    slot_number: int


def slot_time(at: Instant) -> SlotTime:
    """The minute and the slot that a time is in."""
    minute = int(at // MINUTE) * MINUTE
    return SlotTime(at, minute, int((at - minute) // SLOT))


class Series:
    """One metric: the ``column`` of its group."""

    __slots__ = ("_bucket", "_minute", "column", "group", "kind", "last_at", "metric", "samples", "unit")

    def __init__(self, group: SeriesGroup, column: int, metric: MetricId, kind: SampleKind, unit: str) -> None:
        self.group, self.column, self.metric, self.kind, self.unit = group, column, metric, kind, unit
        self.last_at = Instant(0)
        """The time of the newest sample."""
        self.samples = 0
        """The number of samples that were added."""
        self._minute = _NO_MINUTE
        """The minute that received the last sample."""
        self._bucket: MinuteBucket | None = None
        """The bucket of that minute."""

    def add(self, at: Instant, sample: Sample) -> None:
        """Add a sample to the slot and the minute of its time."""
        self.add_at(slot_time(at), sample)

    def add_at(self, time: SlotTime, sample: Sample, minute_sample: Sample | None = None) -> None:
        """Add a sample at a time whose slot is already computed, because many series get samples of the same time.

        ``minute_sample`` is added to the whole minute if it differs from the slot's sample.
        """
        at, minute, slot_number = time
        bucket = self._bucket
        if bucket is None or minute != self._minute:
            bucket = self._bucket = self.group.bucket(minute, self)
            self._minute = minute
        if slot_number != bucket.slot_number:
            bucket.roll(slot_number)
        self.samples += 1
        bucket.open_slot.add(sample)
        bucket.whole_minute.add(minute_sample or sample)
        if at != self.last_at:
            self.last_at = max(at, self.last_at)
        if bucket.saved:
            bucket.saved = False
            self.group.dirty.add((self.group, minute))

    def release(self, minute: int) -> None:
        """Drop the reference to the minute's bucket."""
        if self._minute == minute:
            self._minute, self._bucket = _NO_MINUTE, None


class SeriesGroup:
    """Metrics that are stored together, and their minutes in memory, by the minute's start."""

    __slots__ = (
        "columns",
        "compacting_hour",
        "dimensions",
        "dirty",
        "history",
        "minutes",
        "namespace",
        "next_column",
        "number",
        "scope",
    )

    def __init__(self, history: History, dirty: DirtyMinutes, number: int, key: GroupKey) -> None:
        self.history, self.dirty, self.number = history, dirty, number
        self.scope, self.namespace, self.dimensions = key
        self.columns: dict[int, Series] = {}
        self.next_column = 0
        """The number of the next column. No number is used twice, so that stored values of a dropped metric are never
        read as those of another.
        """
        self.minutes: dict[int, GroupMinute] = {}
        self.compacting_hour: int | None = None
        """The hour whose stored minutes are being replaced by hours of metrics. New buckets in it start empty."""

    @property
    def key(self) -> GroupKey:
        """The scope, namespace and dimensions that all metrics of the group share."""
        return self.scope, self.namespace, self.dimensions

    def bucket(self, minute: int, series: Series) -> MinuteBucket:
        """The series' bucket of that minute, with the minute's stored samples."""
        buckets = self.minutes.get(minute)
        if buckets is None:
            buckets = self.minutes[minute] = GroupMinute()
            if self.compacting_hour is None or not self.compacting_hour <= minute < self.compacting_hour + HOUR:
                self._load(minute, buckets)
        return buckets.bucket(series.column, series.kind)

    def load_stored(self, start: int, end: int) -> None:
        """Add stored samples to the minutes in memory that start in this span."""
        for minute, buckets in self.minutes.items():
            if start <= minute < end:
                self._load(minute, buckets)

    def encode(self) -> bytes:
        """The body in which the group and the names of its metrics are stored."""
        columns = [
            StoredColumn(number, series.metric.name, series.unit, series.kind.value, series.last_at)
            for number, series in self.columns.items()
        ]
        return msgspec.msgpack.encode(StoredGroupBody(*self.key, columns, self.next_column))

    def release(self, minute: int) -> None:
        """Drop a minute from memory."""
        for column in self.minutes.pop(minute, ()):
            if column in self.columns:
                self.columns[column].release(minute)

    def _load(self, minute: int, buckets: GroupMinute) -> None:
        for record in self.history.minutes(self.number, minute, minute + MINUTE):
            body = decode_or_empty(record.body)
            for column in self.columns.keys() & body.columns.keys():
                buckets.bucket(column, self.columns[column].kind).add_stored(list(body.entries(column)))


def decode_or_empty(body: bytes) -> DecodedBody:
    """A decoded minute; an empty one when the bytes can't be read."""
    try:
        return decode_body(body)
    except InvalidBody:
        return DecodedBody([], {})
