"""A source of metrics for tests: five minutes, from 0 on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.cloudwatch.query import Metric, MetricDataQuery, MetricStat
from moyai.expressions.metric_data import QueryResults
from moyai.expressions.metric_math.evaluate import Result
from moyai.expressions.metric_math.series import PeriodGrid, TimeSeries
from moyai.expressions.metric_search.search import MetricSchema
from moyai.kernel.clock import Instant

END = 300
SERIES: Mapping[str, Sequence[float | None]] = {
    "m1": (6, 8, None, 2, None),
    "m2": (None, 2, 0, 4, None),
    "none": (),
    "errors": (1, 0, 0, 3, 5),
}


class FakeMetricSource:
    """Serves fixed series to expressions, without a store behind it."""

    def __init__(self, series: Mapping[str, Sequence[float | None]] = SERIES) -> None:
        self.series = series

    def read(self, stat: MetricStat) -> TimeSeries:
        there = self.series.get(stat.metric.metric_name, ())
        values = {Instant(place * 60.0): float(value) for place, value in enumerate(there) if value is not None}
        return TimeSeries(values, self.grid(stat.period), stat=stat, read=True)

    def metrics(self, schema: MetricSchema | None) -> Sequence[MetricId]:
        ids = (metric_id("Shop", name, [("Queue", name)]) for name in self.series)
        return [one for one in ids if schema is None or one.namespace == schema.namespace]

    def grid(self, period: int) -> PeriodGrid:
        return PeriodGrid(Instant(0), Instant(END), period)


def query_of(name: str, period: int = 60) -> MetricDataQuery:
    return MetricDataQuery(name, MetricStat(Metric("Shop", name), period, "Sum"))


def result_of(expression: str, *, period: int | None = 60, source: FakeMetricSource | None = None) -> Result:
    """The result of the expression, among queries for each of the series."""
    source = source or FakeMetricSource()
    queries = [*map(query_of, source.series), MetricDataQuery("result", expression=expression, period=period)]
    return QueryResults(queries, source).of("result")


def minutes(line: TimeSeries) -> list[float | None]:
    """Its values, a minute each; None where there is none."""
    return [line.values.get(Instant(at)) for at in range(0, END, 60)]
