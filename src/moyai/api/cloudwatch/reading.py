"""The metrics of one account, region and time range, as a ``MetricSource`` for expressions.

Promise: periods start with the time range, as in ``shapes``, and end with ``now``, also for a range that ends later.
Searches find metrics that had a value in the last two weeks. An output may be reused while its metrics are unchanged,
within the second in which they were read, since the range may end with ``now``; after a search it may not be reused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Final

from moyai.api.cloudwatch.shapes import PERIODS, PeriodSpan, span_of
from moyai.api.operation import ReusableOutput
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.cloudwatch.query import MetricStat
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.expressions.metric_math.series import PeriodGrid, TimeSeries
from moyai.expressions.metric_search.search import MetricSchema, schemas_of
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metrics import MetricReader, Revision

_SEARCHED: Final = 14 * 24 * 3600
"""The most seconds since the last value of a metric that a search finds."""


class Reading:
    """Reads the metrics of one account and region over one time range."""

    def __init__(self, reader: MetricReader, scope: Scope, span: tuple[Instant, Instant], now: Instant) -> None:
        self._reader = reader
        self._scope = scope
        self._span = span
        self._now = now
        self._revisions: dict[MetricId, Revision] = {}
        """The revision of each metric before it was read."""
        self._has_searched = False

    def reusable(self, output: object) -> object:
        """The output that was made of the values read here, as one that may be reused; as it is after a search."""
        if self._has_searched:
            return output
        return ReusableOutput(
            output, _comparison(self._reader, self._scope, self._revisions, self._now), len(self._revisions)
        )

    def read(self, stat: MetricStat) -> TimeSeries:
        """The values of a statistic by time; none where the unit is another."""
        span, metric = self._periods(stat.period), stat.metric.id
        grid = self.grid(stat.period)
        self._revisions.setdefault(metric, self._reader.revision(self._scope, metric))
        periods = self._reader.periods(self._scope, metric, (span.start, span.end), span.period, stat.unit)
        values = ((period.start, evaluate(stat.stat, period.summary)) for period in periods)
        return TimeSeries({at: value for at, value in values if value is not None}, grid, stat=stat, read=True)

    def metrics(self, schema: MetricSchema | None) -> Sequence[MetricId]:
        """The metrics with this schema, or all."""
        self._has_searched = True
        return self._by_schema.get(schema, ())

    @cached_property
    def _by_schema(self) -> Mapping[MetricSchema | None, Sequence[MetricId]]:
        """All metrics, those of each namespace and those of each schema, computed once for all searches."""
        by_schema: dict[MetricSchema | None, list[MetricId]] = {}
        for metric in self._reader.metrics(self._scope):
            if metric.last_at >= self._now - _SEARCHED:
                for schema in (None, *schemas_of(metric.metric)):
                    by_schema.setdefault(schema, []).append(metric.metric)
        return by_schema

    def grid(self, period: int) -> PeriodGrid:
        """The time range in periods, until now."""
        span = self._periods(period)
        return PeriodGrid(Instant(max(span.start, 0.0)), Instant(min(span.end, self._now)), span.period)

    def _periods(self, period: int) -> PeriodSpan:
        span = span_of(*self._span, period)
        if span is None:
            raise ValidationFault(f"Invalid period {period}. {PERIODS}")
        return span


def _comparison(
    reader: MetricReader, scope: Scope, revisions: Mapping[MetricId, Revision], read_at: Instant
) -> Callable[[Instant], bool]:
    """Whether all metrics are as they were read. The function outlives the Reading, so it keeps none of its values."""
    return lambda now: (
        int(now) == int(read_at)
        and all(reader.revision(scope, metric) == revision for metric, revision in revisions.items())
    )
