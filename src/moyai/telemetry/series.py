"""The metrics there are, and the minutes of them that are still being filled.

Promise: a metric is made with its first sample. What is filled is in memory; a minute that is over goes to the store
with the next save and is read there. Metrics with the same scope, namespace and dimensions are kept together, as one
group: the edges of a mesh are few, the metrics of each are many, and they change together. Bounded: a scope has so
many metrics, and those silent the longest make room.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import msgspec

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import COLUMNS, KeptGroup
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.blocks import BadBlock, Block, decode
from moyai.telemetry.cells import COARSE, FINE, Cell
from moyai.telemetry.history import History, NoHistory
from moyai.telemetry.names import Kind

__all__ = ["COARSE", "FINE", "Archive", "Group", "Series"]

MAX_SERIES: Final = 100_000
"""Metrics of one scope."""
_MAKE_ROOM: Final = 16
"""One in so many goes when there is no room, so that each search makes room for many."""
_HOUR: Final = 3600
_NOTHING: Mapping[MetricId, Series] = MappingProxyType({})


class _Column(msgspec.Struct, array_like=True):
    """A metric of a group, as it is kept."""

    number: int
    name: str
    unit: str
    kind: str
    last_at: float


class _Body(msgspec.Struct, array_like=True):
    """A group, as it is kept."""

    scope: Scope
    namespace: str
    dimensions: tuple[tuple[str, str], ...]
    columns: list[_Column]
    next_column: int


_READER = msgspec.msgpack.Decoder(_Body)


class Moment(NamedTuple):
    """A time, the start of its minute, and which slot of it that is."""

    at: Instant
    start: int
    slot: int


def moment(at: Instant) -> Moment:
    """Where a time belongs."""
    start = int(at // COARSE) * COARSE
    return Moment(at, start, int((at - start) // FINE))


class Unsettled(Protocol):
    """Has gathered something that is not in the metrics yet."""

    def settle(self) -> None:
        """Put it there."""


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

    def put(self, when: Moment, sample: Sample) -> None:
        """The same, for many series at one moment."""
        at, start, slot = when
        cell = self._cell
        if cell is None or start != self._start:
            cell = self._cell = self.group.cell(start, self)
            self._start = start
        if slot != cell.slot:
            cell.turn(slot)
        cell.filling.add(sample)
        cell.total.add(sample)
        if at != self.last_at:
            self.last_at = max(at, self.last_at)
        if cell.saved:
            cell.saved = False
            self.group.archive.dirty.add((self.group, start))

    def let_go(self, start: int) -> None:
        """Forget the minute's cell."""
        if self._start == start:
            self._start, self._cell = -1, None


class Group:
    """Metrics that are kept together, and their open minutes by start and column."""

    __slots__ = (
        "archive",
        "columns",
        "dimensions",
        "folding",
        "minutes",
        "namespace",
        "next_column",
        "number",
        "scope",
    )

    def __init__(self, archive: Archive, number: int, key: GroupKey) -> None:
        self.archive, self.number = archive, number
        self.scope, self.namespace, self.dimensions = key
        self.columns: dict[int, Series] = {}
        self.next_column = 0
        """No number comes twice: what is kept of a metric that went is nobody's."""
        self.minutes: dict[int, dict[int, Cell]] = {}
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
            folding = self.folding is not None and self.folding <= start < self.folding + _HOUR
            minute = self.minutes[start] = {} if folding else self._kept(start)
        cell = minute.get(series.column)
        if cell is None:
            cell = minute[series.column] = Cell(series.kind)
        return cell

    def add_kept(self, start: int, end: int) -> None:
        """Add what is kept of the open minutes of this time to them."""
        for moment, cells in self.minutes.items():
            if start <= moment < end:
                kept = self._kept(moment)
                for column in cells.keys() & kept.keys():
                    cells[column].add_kept(kept[column].entries())
                self.minutes[moment] = kept | cells

    def body(self) -> bytes:
        """As it is kept."""
        columns = [_Column(n, one.metric.name, one.unit, one.kind.name, one.last_at) for n, one in self.columns.items()]
        return msgspec.msgpack.encode(_Body(*self.key, columns, self.next_column))

    def let_go(self, start: int) -> None:
        """Forget the minute, which the store has."""
        for column in self.minutes.pop(start, ()):
            if column in self.columns:
                self.columns[column].let_go(start)

    def _kept(self, start: int) -> dict[int, Cell]:
        found: dict[int, Cell] = {}
        for kept in self.archive.history.minutes(self.number, start, start + COARSE):
            block = readable(kept.body)
            found |= {n: Cell(one.kind, list(block.of(n))) for n, one in self.columns.items() if n in block.columns}
        return found


GroupKey = tuple[Scope, str, tuple[tuple[str, str], ...]]


class Archive:
    """All metrics of all scopes. ``generation`` is another whenever series went."""

    def __init__(
        self, max_series: int = MAX_SERIES, history: History | None = None, kept: Iterable[KeptGroup] = ()
    ) -> None:
        self.history = history or NoHistory()
        self.generation = 0
        self._max_series = max_series
        self._scopes: dict[Scope, dict[MetricId, Series]] = {}
        self._groups: dict[GroupKey, Group] = {}
        self._by_number: dict[int, Group] = {}
        self._next = 1
        self.dirty: set[tuple[Group, int]] = set()
        """Minutes that hold something that is not kept yet."""
        self.renamed: set[Group] = set()
        """Groups whose metrics are not kept as they are."""
        self.forgotten: set[int] = set()
        """Groups that are no more."""
        self.unsettled: OrderedDict[Unsettled, None] = OrderedDict()
        """Who has something that belongs into metrics, in the order in which the first of it came: nothing is put into
        a later slot before all of an earlier one is there. See ``Cell``."""
        for group in kept:
            self._restore(group)

    def series(self, scope: Scope, metric: MetricId, kind: Kind, unit: str) -> Series:
        """The series, made when there is none yet."""
        held = self._scopes.setdefault(scope, {})
        found = held.get(metric)
        if found is None:
            if len(held) >= self._max_series:
                self._make_room(held)
            group = self._group((scope, metric.namespace, metric.dimensions))
            if group.next_column >= COLUMNS:  # metrics came and went; what is left begins as a new group
                for one in tuple(group.columns.values()):
                    self.drop(one)
                group = self._group(group.key)
            found = self._add(group, group.next_column, metric, (kind, unit))
        return found

    def settle(self, last: Unsettled | None = None) -> None:
        """Have everything in the metrics that belongs there; no more than up to ``last``."""
        for one in self.settling():
            if one is last:
                return

    def settling(self) -> Iterator[Unsettled]:
        """The same, bit by bit."""
        while self.unsettled:
            one, _ = self.unsettled.popitem(last=False)
            one.settle()
            yield one

    def of(self, scope: Scope) -> Mapping[MetricId, Series]:
        """The scope's series, with everything in them."""
        self.settle()
        return self._scopes.get(scope, _NOTHING)

    def scopes(self) -> tuple[Scope, ...]:
        """Every scope that has a series."""
        self.settle()
        return tuple(self._scopes)

    def groups(self) -> Iterator[Group]:
        """Every group."""
        return iter(self._groups.values())

    def numbered(self, number: int) -> Group | None:
        """The group of that number."""
        return self._by_number.get(number)

    def _restore(self, kept: KeptGroup) -> None:
        """Know a group that is kept. One that can't be read is not there."""
        self._next = max(self._next, kept.number + 1)
        try:
            body = _READER.decode(kept.body)
            kinds = [Kind[column.kind] for column in body.columns]
        except (msgspec.MsgspecError, KeyError):
            self.forgotten.add(kept.number)
            return
        group = Group(self, kept.number, (body.scope, body.namespace, body.dimensions))
        group.next_column = body.next_column
        self._groups[group.key] = self._by_number[group.number] = group
        for kind, one in zip(kinds, body.columns, strict=True):
            metric = MetricId(body.namespace, one.name, body.dimensions)
            self._add(group, one.number, metric, (kind, one.unit)).last_at = Instant(one.last_at)
        self.renamed.discard(group)

    def drop(self, series: Series) -> None:
        """Forget a metric."""
        self.generation += 1
        group = series.group
        self._scopes.get(group.scope, {}).pop(series.metric, None)
        group.columns.pop(series.column, None)
        self.renamed.add(group)
        if not group.columns:
            self._groups.pop(group.key, None)
            self._by_number.pop(group.number, None)
            self.renamed.discard(group)
            self.dirty -= {(group, start) for start in group.minutes}
            self.forgotten.add(group.number)

    def clear(self) -> None:
        """Forget everything."""
        self.generation += 1
        for held in (self._scopes, self._groups, self._by_number):
            held.clear()
        for gathered in (self.dirty, self.renamed, self.forgotten, self.unsettled):
            gathered.clear()

    def _group(self, key: GroupKey) -> Group:
        found = self._groups.get(key)
        if found is None:
            found = self._groups[key] = self._by_number[self._next] = Group(self, self._next, key)
            self._next += 1
        return found

    def _add(self, group: Group, column: int, metric: MetricId, what: tuple[Kind, str]) -> Series:
        group.next_column = max(group.next_column, column + 1)
        made = group.columns[column] = Series(group, column, metric, *what)
        self._scopes.setdefault(group.scope, {})[metric] = made
        self.renamed.add(group)
        return made

    def _make_room(self, held: dict[MetricId, Series]) -> None:
        oldest = sorted(held.values(), key=lambda one: one.last_at)
        for series in oldest[: 1 + self._max_series // _MAKE_ROOM]:
            self.drop(series)


def readable(body: bytes) -> Block:
    """What is in a minute; nothing when it can't be read."""
    try:
        return decode(body)
    except BadBlock:
        return Block([], {})
