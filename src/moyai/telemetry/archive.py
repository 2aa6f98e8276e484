"""The metrics there are.

Promise: a metric is made with its first sample. Bounded: a scope has so many metrics, and those silent the longest make
room. How they are kept, ``series`` says.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Protocol

import msgspec

from moyai.domain.cloudwatch.metric import MetricId
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import COLUMNS, KeptGroup
from moyai.telemetry.history import History, NoHistory
from moyai.telemetry.names import Kind
from moyai.telemetry.series import Dirty, Group, GroupBody, GroupKey, Series

MAX_SERIES: Final = 100_000
"""Metrics of one scope."""
_MAKE_ROOM: Final = 16
"""One in so many goes when there is no room, so that each search makes room for many."""
_NOTHING: Mapping[MetricId, Series] = MappingProxyType({})
_READER = msgspec.msgpack.Decoder(GroupBody)


class Unsettled(Protocol):
    """Has gathered something that is not in the metrics yet."""

    def settle(self) -> None:
        """Put it there."""


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
        self.dirty: Dirty = set()
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
        """The series, made when there is none yet. What is measured here takes the place of what others put under its
        name: the one kind of accumulator has no room for the other's samples.
        """
        held = self._scopes.setdefault(scope, {})
        found = held.get(metric)
        if found is not None and found.kind is Kind.GIVEN and kind is not Kind.GIVEN:
            self.drop(found)
            found = None
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
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError):
            self.forgotten.add(kept.number)
            return
        group = Group(self.history, self.dirty, kept.number, (body.scope, body.namespace, body.dimensions))
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
            found = self._groups[key] = self._by_number[self._next] = Group(self.history, self.dirty, self._next, key)
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
