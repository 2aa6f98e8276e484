"""The capacity units that load balancers consume, computed from their other metrics on request.

A unit has several limits. The value of a minute is the largest ratio of what was used to one of these limits. A unit of
an application load balancer has 25 new connections a second, 3,000 open connections, 1 GB an hour, and 1,000 evaluated
rules a second; the first ten rules of each request are free. A unit of a network load balancer's protocol has a number
of new flows a second, a number of open flows, and 1 GB an hour; the load balancer's value is the sum of its protocols'
values.
Minutes without traffic have no value.
Source: https://aws.amazon.com/elasticloadbalancing/pricing/
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from heapq import merge
from itertools import takewhile
from types import MappingProxyType
from typing import Final, NamedTuple

from typing_extensions import override

from moyai.domain.cloudwatch.metric import MetricId, Summary
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metrics import ListedMetric, MetricReader, Period, Revision
from moyai.telemetry.query import SeriesReader, merge_periods
from moyai.telemetry.series.head import MetricHead

_APPLICATION, _NETWORK = "AWS/ApplicationELB", "AWS/NetworkELB"
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
_NEW_FLOWS, _OPEN_FLOWS = "NewFlowCount", "ActiveFlowCount"
_FREE_RULES: Final = 10
"""The number of a request's evaluated rules that are free."""
_CONNECTIONS_A_MINUTE, _OPEN_CONNECTIONS, _BYTES_A_MINUTE, _RULES_A_MINUTE = 25 * 60, 3000, 1e9 / 60, 1000 * 60
_FLOWS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"_TCP": (800 * 60, 100_000), "_TLS": (50 * 60, 3_000), "_UDP": (400 * 60, 50_000)}
)
"""A unit's new flows a minute and open flows, by the suffix of a protocol's metric names."""

_Minute = Mapping[str, Summary]
"""The values of a load balancer's metrics in a minute, by metric name."""


class _CapacityUnits(NamedTuple):
    """A metric of capacity units, computed from the metrics ``sources``. It exists where the first of them exists."""

    namespace: str
    name: str
    sources: tuple[str, ...]
    compute: Callable[[_Minute], float]


def metric_reader(head: MetricHead, flush: Callable[[], None]) -> MetricReader:
    """Create the reader of all metrics. ``flush`` writes samples that are still buffered into the head's series."""
    return CapacityUnitReader(SeriesReader(head, flush))


class CapacityUnitReader(MetricReader):
    """A reader that adds the capacity units of each load balancer to the metrics of another reader."""

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
    def units(self, scope: Scope, metric: MetricId) -> Sequence[str]:
        return self._reader.units(scope, metric) if self._units_of(scope, metric) is None else (_UNIT,)

    @override
    def is_measured(self, scope: Scope, metric: MetricId) -> bool:
        return self._units_of(scope, metric) is not None or self._reader.is_measured(scope, metric)

    @override
    def revision(self, scope: Scope, metric: MetricId) -> Revision:
        units = self._units_of(scope, metric)
        if units is None:
            return self._reader.revision(scope, metric)
        generations, changes = zip(
            *(self._reader.revision(scope, metric._replace(name=name)) for name in units.sources), strict=True
        )
        return Revision(generations[0], sum(changes))

    @override
    def periods(
        self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], seconds: int, unit: str | None = None
    ) -> Sequence[Period]:
        units = self._units_of(scope, metric)
        if units is None:
            return self._reader.periods(scope, metric, span, seconds, unit)
        if unit not in {None, _UNIT}:
            return []
        minutes, step = self._minutes(scope, metric, span, units), max(seconds, _MINUTE)
        return list(merge_periods(minutes, span[0], step))

    def _balancer_units(self, scope: Scope) -> Iterator[ListedMetric]:
        """The capacity units of each load balancer that has had a connection, in the order of the metrics' names."""
        for units in _ALL_UNITS:
            for listed in self._metrics_named_as(scope, MetricId(units.namespace, units.sources[0])):
                dimensions = listed.metric.dimensions
                if [name for name, _ in dimensions] == [_DIMENSION]:
                    yield ListedMetric(MetricId(units.namespace, units.name, dimensions), _UNIT, listed.last_at)

    def _metrics_named_as(self, scope: Scope, source: MetricId) -> Iterator[ListedMetric]:
        """The metrics that have the name and namespace of ``source``."""
        return takewhile(lambda listed: listed.metric[:2] == source[:2], self._reader.metrics_from(scope, source))

    def _units_of(self, scope: Scope, metric: MetricId) -> _CapacityUnits | None:
        """How the metric is computed; None if it isn't a metric of capacity units, or if its first source isn't
        measured.
        """
        units = _UNITS_BY_NAME.get(metric[:2])
        is_measured = units is not None and self._reader.is_measured(scope, metric._replace(name=units.sources[0]))
        return units if is_measured else None

    def _minutes(
        self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], units: _CapacityUnits
    ) -> Iterator[Period]:
        sources: dict[Instant, dict[str, Summary]] = defaultdict(dict)
        for name in units.sources:
            for period in self._reader.periods(scope, metric._replace(name=name), span, _MINUTE):
                sources[period.start][name] = period.summary
        for start in sorted(sources):
            value = units.compute(sources[start])
            yield Period(start, Summary(1, value, value, value))


def _application_units(minute: _Minute) -> float:
    rules = _sum(minute, _RULES) - _FREE_RULES * _sum(minute, _REQUESTS)
    return max(
        _sum(minute, _CONNECTIONS) / _CONNECTIONS_A_MINUTE,
        _largest(minute, _OPEN) / _OPEN_CONNECTIONS,
        _sum(minute, _BYTES) / _BYTES_A_MINUTE,
        rules / _RULES_A_MINUTE,
    )


def _flow_units(protocol: str, minute: _Minute) -> float:
    new_flows, open_flows = _FLOWS[protocol]
    return max(
        _sum(minute, f"{_NEW_FLOWS}{protocol}") / new_flows,
        _largest(minute, f"{_OPEN_FLOWS}{protocol}") / open_flows,
        _sum(minute, f"{_BYTES}{protocol}") / _BYTES_A_MINUTE,
    )


def _network_units(minute: _Minute) -> float:
    return sum(_flow_units(protocol, minute) for protocol in _FLOWS)


def _sum(minute: _Minute, name: str) -> float:
    return minute[name].sum if name in minute else 0


def _largest(minute: _Minute, name: str) -> float:
    return minute[name].maximum if name in minute else 0


def _flow_sources(protocol: str) -> tuple[str, ...]:
    return tuple(f"{name}{protocol}" for name in (_OPEN_FLOWS, _NEW_FLOWS, _BYTES))


_ALL_FLOW_SOURCES: Final = tuple(name for protocol in _FLOWS for name in _flow_sources(protocol))
_ALL_UNITS: Final = (
    _CapacityUnits(_APPLICATION, _NAME, (_OPEN, _CONNECTIONS, _BYTES, _RULES, _REQUESTS), _application_units),
    _CapacityUnits(_NETWORK, _NAME, (_OPEN_FLOWS, *_ALL_FLOW_SOURCES), _network_units),
    *(
        _CapacityUnits(_NETWORK, f"{_NAME}{protocol}", _flow_sources(protocol), partial(_flow_units, protocol))
        for protocol in _FLOWS
    ),
)
"""All metrics of capacity units, in the order of namespaces and names."""
_UNITS_BY_NAME: Mapping[tuple[str, str], _CapacityUnits] = MappingProxyType(
    {(units.namespace, units.name): units for units in _ALL_UNITS}
)
