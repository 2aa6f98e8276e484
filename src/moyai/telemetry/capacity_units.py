"""The capacity units that application load balancers consume, computed of their other metrics when somebody asks.

A minute's value is the largest of four shares: of 25 new connections a second, 3,000 open connections, 1 GB an hour,
and 1,000 evaluated rules a second beyond ten a request. Minutes without traffic have no value.
Source: https://aws.amazon.com/elasticloadbalancing/pricing/
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby, takewhile
from typing import Final

from typing_extensions import override

from moyai.domain.cloudwatch.metric import MetricId, Summary, sum_of
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metrics import ListedMetric, MetricReader, Period, Revision
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead

_NAMESPACE: Final = "AWS/ApplicationELB"
_NAME: Final = "ConsumedLCUs"
_UNIT: Final = "Count"
_DIMENSION: Final = "LoadBalancer"
_MINUTE: Final = 60
_CONNECTIONS, _OPEN, _BYTES, _RULES, _REQUESTS = (
    "NewConnectionCount",
    "ActiveConnectionCount",
    "ProcessedBytes",
    "RuleEvaluations",
    "RequestCount",
)
_SOURCES: Final = (_CONNECTIONS, _OPEN, _BYTES, _RULES, _REQUESTS)
_FREE_RULES: Final = 10
"""The evaluated rules of a request that cost nothing."""
_CONNECTIONS_A_MINUTE, _OPEN_CONNECTIONS, _BYTES_A_MINUTE, _RULES_A_MINUTE = 25 * 60, 3000, 1e9 / 60, 1000 * 60


def metric_reader(head: MetricHead, flush: Callable[[], None]) -> MetricReader:
    """The reader of all metrics. ``flush``: writes samples that are still buffered into the head's series."""
    return CapacityUnitReader(SeriesReader(head, flush))


class CapacityUnitReader(MetricReader):
    """A reader with one metric more for each application load balancer that the other reader has."""

    def __init__(self, reader: MetricReader) -> None:
        self._reader = reader

    @override
    def metrics(self, scope: Scope) -> Sequence[ListedMetric]:
        derived = list(self._balancer_units(scope))
        if not derived:
            return self._reader.metrics(scope)
        return sorted([*self._reader.metrics(scope), *derived], key=lambda listed: listed.metric)

    @override
    def metrics_from(self, scope: Scope, first: MetricId) -> Iterator[ListedMetric]:
        derived = list(self._balancer_units(scope))
        derived = derived[bisect_left([listed.metric for listed in derived], first) :]
        return merge(self._reader.metrics_from(scope, first), derived, key=lambda listed: listed.metric)

    @override
    def unit(self, scope: Scope, metric: MetricId) -> str | None:
        return _UNIT if self._is_derived(scope, metric) else self._reader.unit(scope, metric)

    @override
    def is_measured(self, scope: Scope, metric: MetricId) -> bool:
        return self._is_derived(scope, metric) or self._reader.is_measured(scope, metric)

    @override
    def revision(self, scope: Scope, metric: MetricId) -> Revision:
        if not self._is_derived(scope, metric):
            return self._reader.revision(scope, metric)
        generations, changes = zip(
            *(self._reader.revision(scope, metric._replace(name=name)) for name in _SOURCES), strict=True
        )
        return Revision(generations[0], sum(changes))

    @override
    def periods(self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], seconds: int) -> Sequence[Period]:
        if not self._is_derived(scope, metric):
            return self._reader.periods(scope, metric, span, seconds)
        minutes, step = self._minutes(scope, metric, span), max(seconds, _MINUTE)
        return [
            Period(Instant(span[0] + number * step), sum_of([minute.summary for minute in parts]))
            for number, parts in groupby(minutes, lambda minute: (minute.start - span[0]) // step)
        ]

    def _balancer_units(self, scope: Scope) -> Iterator[ListedMetric]:
        """The capacity units of each load balancer that has had a connection, in the order of their names."""
        source = MetricId(_NAMESPACE, _OPEN)
        for listed in takewhile(lambda found: found.metric[:2] == source[:2], self._reader.metrics_from(scope, source)):
            dimensions = listed.metric.dimensions
            if [name for name, _ in dimensions] == [_DIMENSION]:
                yield ListedMetric(MetricId(_NAMESPACE, _NAME, dimensions), _UNIT, listed.last_at)

    def _is_derived(self, scope: Scope, metric: MetricId) -> bool:
        return metric[:2] == (_NAMESPACE, _NAME) and self._reader.is_measured(scope, metric._replace(name=_OPEN))

    def _minutes(self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant]) -> Iterator[Period]:
        sources: dict[Instant, dict[str, Summary]] = defaultdict(dict)
        for name in _SOURCES:
            for period in self._reader.periods(scope, metric._replace(name=name), span, _MINUTE):
                sources[period.start][name] = period.summary
        for start in sorted(sources):
            units = _units(sources[start])
            yield Period(start, Summary(1, units, units, units))


def _units(minute: Mapping[str, Summary]) -> float:
    sums = {name: summary.sum for name, summary in minute.items()}
    opened = minute.get(_OPEN)
    rules = sums.get(_RULES, 0) - _FREE_RULES * sums.get(_REQUESTS, 0)
    return max(
        sums.get(_CONNECTIONS, 0) / _CONNECTIONS_A_MINUTE,
        (0 if opened is None else opened.maximum) / _OPEN_CONNECTIONS,
        sums.get(_BYTES, 0) / _BYTES_A_MINUTE,
        rules / _RULES_A_MINUTE,
    )
