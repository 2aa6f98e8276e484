"""All series, and the part of them that is in memory: the head, in Prometheus's words.

Promise: a series exists from its first sample on. The number of series of a scope is limited; when it is reached, the
series that have been silent the longest are dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from typing_extensions import override

from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metric_store import COLUMNS, StoredGroup
from moyai.ports.metrics import MetricWriter
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.series.group import (
    DirtyMinutes,
    GroupKey,
    History,
    NoHistory,
    Series,
    SeriesGroup,
    StoredGroupBody,
)
from moyai.telemetry.values import SampleKind

MAX_SERIES: Final = 100_000
"""The most series of one scope."""
_EVICTED_FRACTION: Final = 16
"""A full scope drops one series in this many, so that not every new series needs a search."""
_NO_SERIES: Mapping[MetricId, Series] = MappingProxyType({})
_GROUP_DECODER = msgspec.msgpack.Decoder(StoredGroupBody)


class MetricHead(MetricWriter):
    """All series of all scopes; a ``MetricWriter`` of the values that clients put.

    ``generation`` changes whenever series are dropped, so that holders of series look them up again. Three sets are for
    the next save: ``dirty`` minutes with unsaved samples, ``renamed`` groups whose list of metrics differs from the
    stored one, and the numbers of ``deleted_groups``.
    """

    def __init__(
        self, max_series: int = MAX_SERIES, history: History | None = None, groups: Iterable[StoredGroup] = ()
    ) -> None:
        self.history = history or NoHistory()
        self.generation = 0
        self.dirty: DirtyMinutes = set()
        self.renamed: set[SeriesGroup] = set()
        self.deleted_groups: set[int] = set()
        self._max_series = max_series
        self._scopes: dict[Scope, dict[MetricId, Series]] = {}
        self._further: dict[Scope, dict[MetricId, dict[str, Series]]] = {}
        """The series of metrics that clients put with more than one unit, by unit, without the first unit's."""
        self._counts: Counter[Scope] = Counter()
        """The number of series of each scope, of all units."""
        self._groups: dict[GroupKey, SeriesGroup] = {}
        self._groups_by_number: dict[int, SeriesGroup] = {}
        self._next_group = 1
        for group in groups:
            self._restore(group)

    def series(self, scope: Scope, metric: MetricId, kind: SampleKind, unit: str) -> Series:
        """The series of a metric, created when there is none yet.

        A metric that clients put has a series for each unit. The series of a metric that moyai itself measures replaces
        the series that clients have put under the same name, because their accumulators take different samples.
        """
        of_scope = self._scopes.setdefault(scope, {})
        series = of_scope.get(metric)
        while series is not None and series.kind is SampleKind.SUMMARY and kind is not SampleKind.SUMMARY:
            self.drop(series)
            series = of_scope.get(metric)
        if series is not None and series.unit != unit and kind is SampleKind.SUMMARY is series.kind:
            series = self._further.get(scope, {}).get(metric, {}).get(unit)
        if series is None:
            if self._counts[scope] >= self._max_series:
                self._evict_silent(scope)
            group = self._group((scope, metric.namespace, metric.dimensions))
            if group.next_column >= COLUMNS:  # a new, empty group replaces one that has used all column numbers
                for other in tuple(group.columns.values()):
                    self.drop(other)
                group = self._group(group.key)
            series = self._add(group, group.next_column, metric, (kind, unit))
        return series

    @override
    def write(self, scope: Scope, metric: MetricId, unit: str, at: Instant, summary: Summary) -> None:
        series = self.series(scope, metric, SampleKind.SUMMARY, unit)
        if series.kind is SampleKind.SUMMARY:
            series.add(at, Sample(summary=summary))

    def in_scope(self, scope: Scope) -> Mapping[MetricId, Series]:
        """The series of a scope, one for each metric (that of its first unit), in the order of their creation."""
        return self._scopes.get(scope, _NO_SERIES)

    def of_metric(self, scope: Scope, metric: MetricId) -> Sequence[Series]:
        """The series of a metric, one for each unit."""
        first = self.in_scope(scope).get(metric)
        further = self._further.get(scope, {}).get(metric, {})
        return () if first is None else (first, *further.values())

    def groups(self) -> Iterator[SeriesGroup]:
        """Every group of series."""
        return iter(self._groups.values())

    def group_by_number(self, number: int) -> SeriesGroup | None:
        """The group that is stored under this number."""
        return self._groups_by_number.get(number)

    def drop(self, series: Series) -> None:
        """Remove a series. A group is removed with its last series, and its stored values with the next save."""
        self.generation += 1
        group = series.group
        self._forget(series)
        group.columns.pop(series.column, None)
        self.renamed.add(group)
        if not group.columns:
            self._groups.pop(group.key, None)
            self._groups_by_number.pop(group.number, None)
            self.renamed.discard(group)
            self.dirty -= {(group, minute) for minute in group.minutes}
            self.deleted_groups.add(group.number)

    def _forget(self, series: Series) -> None:
        """Remove a series from its metric. If it was that of the first unit, the next unit becomes the first."""
        scope, metric = series.group.scope, series.metric
        of_scope, further = self._scopes.get(scope, {}), self._further.get(scope, {})
        of_metric = further.get(metric, {})
        if of_scope.get(metric) is not series:
            of_metric.pop(series.unit, None)
        elif of_metric:
            of_scope[metric] = of_metric.pop(next(iter(of_metric)))
        else:
            of_scope.pop(metric, None)
        if not of_metric:
            further.pop(metric, None)
        self._counts[scope] -= 1

    def clear(self) -> None:
        """Remove the series of all scopes."""
        self.generation += 1
        for by_key in (self._scopes, self._further, self._counts, self._groups, self._groups_by_number):
            by_key.clear()
        for unsaved in (self.dirty, self.renamed, self.deleted_groups):
            unsaved.clear()

    def _restore(self, record: StoredGroup) -> None:
        """Create a group's series from the store. A group that can't be read is deleted with the next save."""
        self._next_group = max(self._next_group, record.number + 1)
        try:
            body = _GROUP_DECODER.decode(record.body)
            kinds = [SampleKind(column.kind) for column in body.columns]
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
            self.deleted_groups.add(record.number)
            return
        key = (body.scope, body.namespace, body.dimensions)
        group = SeriesGroup(self.history, self.dirty, record.number, key)
        group.next_column = body.next_column
        self._groups[key] = self._groups_by_number[group.number] = group
        for kind, column in zip(kinds, body.columns, strict=True):
            metric = MetricId(body.namespace, column.name, body.dimensions)
            self._add(group, column.number, metric, (kind, column.unit)).last_at = Instant(column.last_at)
        self.renamed.discard(group)

    def _group(self, key: GroupKey) -> SeriesGroup:
        group = self._groups.get(key)
        if group is None:
            group = SeriesGroup(self.history, self.dirty, self._next_group, key)
            self._groups[key] = self._groups_by_number[self._next_group] = group
            self._next_group += 1
        return group

    def _add(self, group: SeriesGroup, column: int, metric: MetricId, kind_and_unit: tuple[SampleKind, str]) -> Series:
        group.next_column = max(group.next_column, column + 1)
        series = group.columns[column] = Series(group, column, metric, *kind_and_unit)
        of_scope = self._scopes.setdefault(group.scope, {})
        if metric in of_scope:
            self._further.setdefault(group.scope, {}).setdefault(metric, {})[series.unit] = series
        else:
            of_scope[metric] = series
        self._counts[group.scope] += 1
        self.renamed.add(group)
        return series

    def _evict_silent(self, scope: Scope) -> None:
        further = (series for by_unit in self._further.get(scope, {}).values() for series in by_unit.values())
        oldest_first = sorted([*self.in_scope(scope).values(), *further], key=lambda series: series.last_at)
        for series in oldest_first[: 1 + self._max_series // _EVICTED_FRACTION]:
            self.drop(series)
