"""Metrics that are kept together, and the minutes of them that are still being filled.

Promise: metrics with the same scope, namespace and dimensions are one group: the edges of a mesh are few, the metrics
of each are many, and they change together. What is filled is in memory; a minute that is over goes to the store with
the next save and is read there.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.blocks import BadBlock, Block, decode
from moyai.telemetry.cells import COARSE, FINE, Cell, Minute
from moyai.telemetry.history import History
from moyai.telemetry.names import Kind

_HOUR: Final = 3600
Dirty = set[tuple["Group", int]]
"""Minutes that hold something that is not kept yet."""


class Column(msgspec.Struct, array_like=True):
    """A metric of a group, as it is kept."""

    number: int
    name: str
    unit: str
    kind: str
    last_at: float


class GroupBody(msgspec.Struct, array_like=True):
    """A group, as it is kept."""

    scope: Scope
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    columns: list[Column]
    next_column: int


class Moment(NamedTuple):
    """A time, the start of its minute, and which slot of it that is."""

    at: Instant
    start: int
    slot: int


def moment(at: Instant) -> Moment:
    """Where a time belongs."""
    start = int(at // COARSE) * COARSE
    return Moment(at, start, int((at - start) // FINE))


class Series:
    """One metric."""

    __slots__ = ("_cell", "_start", "column", "group", "kind", "last_at", "metric", "unit")

    def __init__(self, group: Group, column: int, metric: MetricId, kind: Kind, unit: str) -> None:
        self.group, self.column, self.metric, self.kind, self.unit = group, column, metric, kind, unit
        self.last_at = Instant(0)
        self._start = -1
        self._cell: Cell | None = None

    def add(self, at: Instant, sample: Sample) -> None:
        """Take a sample."""
        self.put(moment(at), sample)

    def put(self, when: Moment, sample: Sample, whole: Sample | None = None) -> None:
        """The same, for many series at one moment. ``whole``: what is added to the minute, if not the same."""
        at, start, slot = when
        cell = self._cell
        if cell is None or start != self._start:
            cell = self._cell = self.group.cell(start, self)
            self._start = start
        if slot != cell.slot:
            cell.turn(slot)
        cell.filling.add(sample)
        cell.total.add(whole or sample)
        if at != self.last_at:
            self.last_at = max(at, self.last_at)
        if cell.saved:
            cell.saved = False
            self.group.dirty.add((self.group, start))

    def let_go(self, start: int) -> None:
        """Forget the minute's cell."""
        if self._start == start:
            self._start, self._cell = -1, None


class Group:
    """Metrics that are kept together, and their open minutes by start and column."""

    __slots__ = (
        "columns",
        "dimensions",
        "dirty",
        "folding",
        "history",
        "minutes",
        "namespace",
        "next_column",
        "number",
        "scope",
    )

    def __init__(self, history: History, dirty: Dirty, number: int, key: GroupKey) -> None:
        self.history, self.dirty, self.number = history, dirty, number
        self.scope, self.namespace, self.dimensions = key
        self.columns: dict[int, Series] = {}
        self.next_column = 0
        """No number comes twice: what is kept of a metric that went is nobody's."""
        self.minutes: dict[int, Minute] = {}
        self.folding: int | None = None
        """The hour whose minutes are being folded: what is kept of them is about to be elsewhere."""

    @property
    def key(self) -> GroupKey:
        """What it is found by."""
        return self.scope, self.namespace, self.dimensions

    def cell(self, start: int, series: Series) -> Cell:
        """The series's cell in that minute, with what is kept of it."""
        minute = self.minutes.get(start)
        if minute is None:
            minute = self.minutes[start] = Minute()
            if self.folding is None or not self.folding <= start < self.folding + _HOUR:
                self._add_kept(start, minute)
        return minute.cell(series.column, series.kind)

    def add_kept(self, start: int, end: int) -> None:
        """Add what is kept of the open minutes of this time to them."""
        for moment, minute in self.minutes.items():
            if start <= moment < end:
                self._add_kept(moment, minute)

    def body(self) -> bytes:
        """As it is kept."""
        columns = [Column(n, one.metric.name, one.unit, one.kind.name, one.last_at) for n, one in self.columns.items()]
        return msgspec.msgpack.encode(GroupBody(*self.key, columns, self.next_column))

    def let_go(self, start: int) -> None:
        """Forget the minute, which the store has."""
        for column in self.minutes.pop(start, ()):
            if column in self.columns:
                self.columns[column].let_go(start)

    def _add_kept(self, start: int, minute: Minute) -> None:
        for kept in self.history.minutes(self.number, start, start + COARSE):
            block = readable(kept.body)
            for column in self.columns.keys() & block.columns.keys():
                minute.cell(column, self.columns[column].kind).add_kept(list(block.of(column)))


GroupKey = tuple[Scope, str, tuple[tuple[str, str], ...]]


def readable(body: bytes) -> Block:
    """What is in a minute; nothing when it can't be read."""
    try:
        return decode(body)
    except BadBlock:
        return Block([], {})
