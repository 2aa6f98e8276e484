"""Evaluates the queries of one request or alarm: metrics, and expressions on them.

Promise: a query is evaluated when its result is first needed, and once; an expression that refers to itself, or to a
query that does not exist, is refused. A request can have two million values calculated, and no more. A series, and a
metric that a search looks at, count as values as well, so that empty series are not free.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from msgspec.structs import replace
from typing_extensions import override

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.cloudwatch.query import MetricDataQuery, MetricStat, metric_of
from moyai.domain.cloudwatch.statistic import UnknownStatistic, check_statistic
from moyai.expressions.metric_label import check_label
from moyai.expressions.metric_math.evaluate import Result, evaluate
from moyai.expressions.metric_math.series import PeriodGrid, SeriesArray, TimeSeries
from moyai.expressions.metric_search.search import MetricSchema, MetricSearch, parse_search, short_names
from moyai.kernel.clock import Instant

MAX_SEARCH_RESULTS: Final = 500
"""Metrics that one search gives."""
MAX_VALUES: Final = 2_000_000
"""Values that one request reads and calculates."""
SERIES_COST: Final = 16
"""The number of values that a series counts as, besides its own."""
_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]*")
_MINUTE: Final = 60
_ERROR_PREFIX: Final = "Error in expression "


class MetricSource(Protocol):
    """The source that the queries' metrics are read from."""

    def read(self, stat: MetricStat) -> TimeSeries:
        """The metric's values. Raises ValidationFault for a period that is not possible."""

    def metrics(self, schema: MetricSchema | None) -> Sequence[MetricId]:
        """All metrics, or those of the schema, in the order of their names.

        Raises ValidationFault where searching is not possible.
        """

    def grid(self, period: int) -> PeriodGrid:
        """The periods of the request's time range. Raises ValidationFault for a period that is not possible."""


class QueryResults:
    """The results of queries, each evaluated when it is first needed.

    ``truncated``: a search has found more metrics than it may give.
    """

    def __init__(self, queries: Sequence[MetricDataQuery], source: MetricSource, most: int = MAX_VALUES) -> None:
        self.queries = {query.id: query for query in queries}
        self.source = source
        self.truncated = False
        self._budget = self._most = most
        self._results: dict[str, Result] = {}
        self._in_progress: list[str] = []

    def of(self, query_id: str) -> Result:
        """The result of one query. Raises ValidationFault."""
        if query_id in self._results:
            return self._results[query_id]
        query = self.queries.get(query_id)
        if query is None:
            raise ValidationFault(f"'{query_id[:50]}' is no query's id.")
        if query_id in self._in_progress:
            raise ValidationFault(f"The expression of '{query_id}' comes back to itself.")
        self._in_progress.append(query_id)
        try:
            result = self._results[query_id] = self._evaluate(query)
        finally:
            self._in_progress.pop()
        return result

    def _evaluate(self, query: MetricDataQuery) -> Result:
        if query.metric_stat is not None:
            series = self.source.read(query.metric_stat)
            self.spend(len(series.values) + SERIES_COST)
            return replace(series, label=query.label or query.metric_stat.metric.metric_name)
        try:
            return evaluate(query.expression or "", _QueryContext(self, query))
        except ValidationFault as fault:
            if fault.message.startswith(_ERROR_PREFIX):  # the fault of another expression, to which this one refers
                raise
            raise ValidationFault(f"{_ERROR_PREFIX}'{query.id}': {fault.message}") from fault

    def spend(self, values: int) -> None:
        """Count calculated values. Raises ValidationFault when the request has used up its number."""
        self.check_affordable(values)
        self._budget -= values

    def check_affordable(self, values: int) -> None:
        """Raise ValidationFault when ``spend`` would, and count nothing."""
        if values > self._budget:
            raise ValidationFault(f"The request calculates more than {self._most:,} values.")


class _QueryContext:
    """The ``EvaluationContext`` of one query's expression."""

    def __init__(self, results: QueryResults, query: MetricDataQuery) -> None:
        self._results = results
        self._query = query
        self.answer = results.of
        self.spend = results.spend

    def metrics(self) -> Sequence[tuple[str, TimeSeries]]:
        """The series of the queries that name a metric, each with the query's id."""
        self.spend(len(self._results.queries))
        metric_queries = [query for query in self._results.queries.values() if query.metric_stat is not None]
        results = ((query.id, self._results.of(query.id)) for query in metric_queries)
        return [(query_id, series) for query_id, series in results if isinstance(series, TimeSeries)]

    def search(self, criteria: str, statistic: str, period: int | None) -> SeriesArray:
        """The series of the metrics that match, as many as one search may return. Raises ValidationFault."""
        seconds = period or self._query.period
        if seconds is None:
            raise ValidationFault("a Period is required, as the query's or as third argument.")
        try:
            check_statistic(statistic)
        except UnknownStatistic as error:
            raise ValidationFault(str(error)) from error
        metrics = self._matching(parse_search(criteria))
        array: list[TimeSeries] = []
        values = 0
        for metric, label in zip(metrics, short_names(metrics), strict=True):
            series = self._results.source.read(MetricStat(metric_of(metric), seconds, statistic))
            array.append(replace(series, label=label))
            values += len(series.values)
            self._results.check_affordable(values)  # counted with the search's result; reading on would be in vain
        return tuple(array)

    def _matching(self, search: MetricSearch) -> Sequence[MetricId]:
        candidates = self._results.source.metrics(search.schema)
        self.spend(len(candidates))
        matching = list(islice((one for one in candidates if search.matches(one)), MAX_SEARCH_RESULTS + 1))
        if len(matching) > MAX_SEARCH_RESULTS:
            self._results.truncated = True
            matching.pop()
        self.spend(len(matching) * SERIES_COST)
        return matching

    @property
    def grid(self) -> PeriodGrid:
        """The periods of the query, or else of the first metric of the request."""
        stats = (query.metric_stat for query in self._results.queries.values())
        first = next((stat.period for stat in stats if stat is not None), _MINUTE)
        return self._results.source.grid(self._query.period or first)


def checked_queries(queries: Sequence[MetricDataQuery]) -> Mapping[str, MetricDataQuery]:
    """The queries by id. Raises ValidationFault for a query that can't be answered."""
    by_id = {query.id: query for query in queries}
    if len(by_id) < len(queries):
        raise ValidationFault("The values for parameter Id in MetricDataQueries are not unique.")
    for query in queries:
        _check(query)
    return by_id


def check_alarm_queries(queries: Sequence[MetricDataQuery]) -> None:
    """Raise ValidationFault unless the queries can be evaluated and result in one series, as an alarm needs."""
    checked_queries(queries)
    stats = [query.metric_stat for query in queries if query.metric_stat is not None]
    if not stats:
        raise ValidationFault("At least one element of the metrics list must be a metric.")
    if len({stat.period for stat in stats}) > 1:
        raise ValidationFault("Metrics that are watched together must all have the same Period.")
    returning = [query for query in queries if query.return_data]
    if len(returning) != 1:
        raise ValidationFault("Exactly one element of the metrics list should return data.")
    if not isinstance(QueryResults(queries, NoMetrics()).of(returning[0].id), TimeSeries):
        raise ValidationFault(f"The expression of '{returning[0].id}' must come to a single time series.")


class NoMetrics(MetricSource):
    """A ``MetricSource`` whose metrics have no values, to find out whether expressions can be evaluated at all.

    It can't be searched.
    """

    @override
    def read(self, stat: MetricStat) -> TimeSeries:
        return TimeSeries({}, self.grid(stat.period), stat=stat, read=True)

    @override
    def metrics(self, schema: MetricSchema | None) -> Sequence[MetricId]:
        del schema
        raise ValidationFault("what is watched can't be searched for: name its metrics.")

    @override
    def grid(self, period: int) -> PeriodGrid:
        return PeriodGrid(Instant(0), Instant(0), period)


def _check(query: MetricDataQuery) -> None:
    if not _ID.fullmatch(query.id):
        raise ValidationFault(f"The Id '{query.id[:50]}' must begin with a small letter, then letters, digits and _.")
    if (query.metric_stat is None) == (query.expression is None):
        raise ValidationFault(f"The query '{query.id}' must have either MetricStat or Expression.")
    if query.label is not None:
        check_label(query.label)
    if query.metric_stat is not None:
        if not query.metric_stat.metric.namespace or not query.metric_stat.metric.metric_name:
            raise ValidationFault(f"The metric of '{query.id}' must have Namespace and MetricName.")
        if query.period not in {None, query.metric_stat.period}:
            raise ValidationFault(f"The query '{query.id}' has a Period beside that of its MetricStat.")
        try:
            check_statistic(query.metric_stat.stat)
        except UnknownStatistic as error:
            raise ValidationFault(str(error)) from error
