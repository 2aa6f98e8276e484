"""Answers from the archive: periods of a metric, and the edges of the mesh.

Promise: a period is the sum of its slots. Below a minute the fine slots answer, from a minute on the coarse ones. Edges
are drawn from the same series as the metrics, so that the two never disagree.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.metric import MetricId, Summary, sum_of
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metrics import Edge, Listed, Period
from moyai.telemetry.archive import Archive
from moyai.telemetry.cells import COARSE
from moyai.telemetry.envoy_stats import Side
from moyai.telemetry.names import (
    CONNECTIONS,
    FAILURES,
    REQUESTS,
    RETRIES,
    TIME,
    Kind,
    Named,
    discovery_dimension,
    ids_of,
)
from moyai.telemetry.series import Series
from moyai.telemetry.spans import minutes, slots

FINE_KEPT: Final = 3 * 3600
"""Seconds that slots of five seconds are kept for, at least."""
_TARGET = discovery_dimension(Side.CLIENT)


class _Ordered(NamedTuple):
    """A scope's metrics in their order, and which generation of the archive's they are of."""

    generation: int
    metrics: Sequence[MetricId]


class ArchiveReader:
    """A ``MetricReader`` on an archive."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._ordered: dict[Scope, _Ordered] = {}

    def metrics(self, scope: Scope) -> Sequence[Listed]:
        """See MetricReader."""
        return list(self._listed(scope, 0))

    def metrics_from(self, scope: Scope, first: MetricId) -> Iterator[Listed]:
        """See MetricReader."""
        return self._listed(scope, bisect_left(self._order(scope), first))

    def _listed(self, scope: Scope, place: int) -> Iterator[Listed]:
        ordered, series = self._order(scope), self._archive.of(scope)
        return (_as_listed(series[metric]) for metric in ordered[place:])

    def _order(self, scope: Scope) -> Sequence[MetricId]:
        """The scope's metrics in their order, which is kept: what came since then is at the end of the archive's."""
        series, generation = self._archive.of(scope), self._archive.generation
        kept = self._ordered.get(scope)
        if kept is None or kept.generation != generation:
            kept = self._ordered[scope] = _Ordered(generation, sorted(series))
        elif len(kept.metrics) < len(series):
            came = islice(series, len(kept.metrics), None)
            kept = self._ordered[scope] = _Ordered(generation, sorted([*kept.metrics, *came]))
        return kept.metrics

    def unit(self, scope: Scope, metric: MetricId) -> str | None:
        """See MetricReader."""
        series = self._archive.of(scope).get(metric)
        return None if series is None else series.unit

    def is_measured(self, scope: Scope, metric: MetricId) -> bool:
        """See MetricReader."""
        series = self._archive.of(scope).get(metric)
        return series is not None and series.kind is not Kind.GIVEN

    def periods(self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], seconds: int) -> Sequence[Period]:
        """See MetricReader."""
        series = self._archive.of(scope).get(metric)
        if series is None:
            return []
        found = slots(series, span) if seconds < COARSE else minutes(series, span)
        return list(_gathered(found, span[0], seconds))

    def edges(self, span: tuple[Instant, Instant], scope: Scope | None = None) -> Sequence[Edge]:
        """See MetricReader."""
        scopes = self._archive.scopes() if scope is None else (scope,)
        return sorted((edge for one in scopes for edge in self._edges(one, span)), key=_caller_and_target)

    def _edges(self, scope: Scope, span: tuple[Instant, Instant]) -> Iterator[Edge]:
        series = self._archive.of(scope)
        for metric in series:
            if metric[:2] not in {REQUESTS[:2], CONNECTIONS[:2]}:
                continue
            whose = tuple(metric.dimension(name) for name in ("ClusterName", "ServiceName", _TARGET))
            made = _whole(series.get(metric), span)
            if None not in whose and made is not None:
                cluster, service, target = (str(part) for part in whose)
                figures = _Figures(self._archive, scope, (target, service, cluster), span)
                protocol = "tcp" if metric.name == CONNECTIONS.name else "http"
                yield Edge(
                    *(scope, cluster, service, target, protocol, round(made.sum)),
                    failures=figures.sum(FAILURES),
                    retries=figures.sum(RETRIES),
                    p50=figures.percentile("p50"),
                    p99=figures.percentile("p99"),
                )


def _as_listed(series: Series) -> Listed:
    return Listed(series.metric, series.unit, series.last_at)


def _caller_and_target(edge: Edge) -> tuple[object, ...]:
    return edge.scope, edge.cluster, edge.service, edge.target, edge.protocol


class _Figures:
    """The figures of one edge."""

    def __init__(
        self, archive: Archive, scope: Scope, whose: tuple[str, str, str], span: tuple[Instant, Instant]
    ) -> None:
        self._series = archive.of(scope)
        self._whose = whose
        self._span = span

    def sum(self, named: Named) -> int:
        summary = self._summary(named)
        return 0 if summary is None else round(summary.sum)

    def percentile(self, statistic: str) -> float | None:
        summary = self._summary(TIME)
        return None if summary is None else evaluate(statistic, summary)

    def _summary(self, named: Named) -> Summary | None:
        return _whole(self._series.get(ids_of(named, *self._whose)[1]), self._span)


def _whole(series: Series | None, span: tuple[Instant, Instant]) -> Summary | None:
    """The whole span as one summary, as finely bounded as it is still kept."""
    if series is None:
        return None
    first, last = -(-span[0] // COARSE) * COARSE, span[1] // COARSE * COARSE
    if span[0] < series.last_at - FINE_KEPT:
        found = minutes(series, span)
    elif first < last:
        found = [*slots(series, (span[0], first)), *minutes(series, (first, last)), *slots(series, (last, span[1]))]
    else:
        found = slots(series, span)
    return sum_of([one.summary for one in found]) if found else None


def _gathered(found: Iterable[Period], first: Instant, seconds: int) -> Iterator[Period]:
    for place, slots_of in groupby(found, lambda slot: (slot.start - first) // seconds):
        yield Period(Instant(first + place * seconds), sum_of([slot.summary for slot in slots_of]))
