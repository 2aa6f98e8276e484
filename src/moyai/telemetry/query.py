"""Reads series: from memory, from the stored minutes and from the stored hours.

Promise: a period is the sum of its slots. Periods shorter than a minute are added up from slots of five seconds, which
are kept for at least three hours; longer periods from whole minutes, which are kept as long as anything is stored. Each
slot and each minute is counted once: the stored form of a minute that is in memory is ignored, because the minute in
memory already contains it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import NamedTuple, TypeVar

from typing_extensions import override

from moyai.domain.cloudwatch.metric import MetricId, Summary, sum_of, unit_order
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.metrics import ListedMetric, MetricReader, Period, Revision
from moyai.telemetry.series.encoding import WHOLE_MINUTE, DecodedBody, InvalidBody, decode_hour
from moyai.telemetry.series.group import Series, decode_or_empty
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.series.minute_bucket import HOUR, MINUTE, SLOT, MinuteBucket
from moyai.telemetry.values import SampleKind

T = TypeVar("T")
Span = tuple[float, float]
"""A start, and an exclusive end."""


class _SortedMetrics(NamedTuple):
    """A scope's metrics in the order of their names, in one generation of the head."""

    generation: int
    metrics: Sequence[MetricId]


class SeriesReader(MetricReader):
    """Reads the series of the head and of its history.

    ``flush`` is called before each query. It writes samples that are still buffered into the series.
    """

    def __init__(self, head: MetricHead, flush: Callable[[], None] = lambda: None) -> None:
        self._head, self._flush = head, flush
        self._sorted_metrics_of: dict[Scope, _SortedMetrics] = {}

    @override
    def metrics(self, scope: Scope) -> Sequence[ListedMetric]:
        series = self._series(scope)
        return list(self._listed_metrics(scope, self._sorted_metrics(scope, series)))

    @override
    def metrics_from(self, scope: Scope, first: MetricId) -> Iterator[ListedMetric]:
        series = self._series(scope)
        metrics = self._sorted_metrics(scope, series)
        return self._listed_metrics(scope, metrics[bisect_left(metrics, first) :])

    @override
    def units(self, scope: Scope, metric: MetricId) -> Sequence[str]:
        self._flush()
        series = self._head.of_metric(scope, metric)
        return sorted({one_unit.unit for one_unit in series}, key=unit_order)

    @override
    def is_measured(self, scope: Scope, metric: MetricId) -> bool:
        series = self._series(scope).get(metric)
        return series is not None and series.kind is not SampleKind.SUMMARY

    @override
    def revision(self, scope: Scope, metric: MetricId) -> Revision:
        self._flush()
        series = self._head.of_metric(scope, metric)
        return Revision(self._head.generation, sum(each.samples for each in series))

    @override
    def periods(
        self, scope: Scope, metric: MetricId, span: tuple[Instant, Instant], seconds: int, unit: str | None = None
    ) -> Sequence[Period]:
        self._flush()
        wanted = (series for series in self._head.of_metric(scope, metric) if unit in {None, series.unit})
        by_start: dict[Instant, Period] = {}
        for series in sorted(wanted, key=lambda series: unit_order(series.unit)):
            finest = slots(series, span) if seconds < MINUTE else minutes(series, span)
            for period in merge_periods(finest, span[0], seconds):
                by_start.setdefault(period.start, period)
        return [by_start[start] for start in sorted(by_start)]

    def _listed_metrics(self, scope: Scope, metrics: Iterable[MetricId]) -> Iterator[ListedMetric]:
        for metric in metrics:
            series = self._head.of_metric(scope, metric)
            yield ListedMetric(metric, series[0].unit, max(each.last_at for each in series))

    def _series(self, scope: Scope) -> Mapping[MetricId, Series]:
        """The scope's series, after all buffered samples were written to them."""
        self._flush()
        return self._head.in_scope(scope)

    def _sorted_metrics(self, scope: Scope, series: Mapping[MetricId, Series]) -> Sequence[MetricId]:
        """The scope's metrics, sorted once. New metrics are at the end of the head's mapping, and are merged in."""
        generation = self._head.generation
        cached = self._sorted_metrics_of.get(scope)
        if cached is None or cached.generation != generation:
            cached = self._sorted_metrics_of[scope] = _SortedMetrics(generation, sorted(series))
        elif len(cached.metrics) < len(series):
            new = islice(series, len(cached.metrics), None)
            cached = self._sorted_metrics_of[scope] = _SortedMetrics(generation, sorted([*cached.metrics, *new]))
        return cached.metrics


def slots(series: Series, span: Span) -> list[Period]:
    """The slots of five seconds that begin in the span."""
    summaries: dict[int, Summary] = {}
    for minute, entries in _minutes(series, span, lambda body: body.entries(series.column), MinuteBucket.entries):
        summaries |= {minute + key * SLOT: summary for key, summary in entries if key != WHOLE_MINUTE}
    return _periods(summaries, span)


def minutes(series: Series, span: Span) -> list[Period]:
    """The minutes that begin in the span."""
    summaries: dict[int, Summary] = {}
    group = series.group
    for hour in group.history.hours(group.number, series.column, span[0] // HOUR * HOUR, span[1]):
        try:
            summaries |= {hour.start + key * MINUTE: summary for key, summary in decode_hour(hour.body)}
        except InvalidBody:
            continue
    for minute, summary in _minutes(series, span, lambda body: body.whole_minute(series.column), MinuteBucket.minute):
        if summary is not None:
            compacted = summaries.get(minute)  # not None when a value arrived after its hour was compacted
            summaries[minute] = summary if compacted is None else compacted.plus(summary)
    return _periods(summaries, span)


def _minutes(
    series: Series, span: Span, of_body: Callable[[DecodedBody], T], of_bucket: Callable[[MinuteBucket], T]
) -> Iterator[tuple[int, T]]:
    """The start of each minute of the span, and what is read of it: in the store first, then in memory."""
    group, first = series.group, span[0] // MINUTE * MINUTE
    for record in group.history.minutes(group.number, first, span[1]):
        if record.start not in group.minutes:
            yield record.start, of_body(decode_or_empty(record.body))
    for minute, buckets in group.minutes.items():
        if first <= minute < span[1] and series.column in buckets:
            yield minute, of_bucket(buckets[series.column])


def _periods(summaries: dict[int, Summary], span: Span) -> list[Period]:
    return [Period(Instant(start), summaries[start]) for start in sorted(summaries) if span[0] <= start < span[1]]


def merge_periods(finest: Iterable[Period], first: Instant, seconds: int) -> Iterator[Period]:
    """Add up shorter periods to periods of ``seconds``, the first of which starts at ``first``."""
    for number, parts in groupby(finest, lambda period: (period.start - first) // seconds):
        yield Period(Instant(first + number * seconds), sum_of([part.summary for part in parts]))
