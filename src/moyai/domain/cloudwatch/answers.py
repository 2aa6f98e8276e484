"""What queries come to.

Promise: a query is worked out when it is first asked for, and once; an expression that comes back to itself, or names
what is not there, is refused. A request can have two million values calculated, and no more; a series, and a metric
that a search looks at, count as values, so that nothing can be had without end for being empty.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from msgspec.structs import replace

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.label import check_label
from moyai.domain.cloudwatch.math.evaluate import Result, evaluate
from moyai.domain.cloudwatch.math.line import Grid, Line, Lines
from moyai.domain.cloudwatch.metric import MetricId
from moyai.domain.cloudwatch.query import MetricDataQuery, MetricStat, metric_of
from moyai.domain.cloudwatch.search.criteria import Schema, Search
from moyai.domain.cloudwatch.search.names import short_names
from moyai.domain.cloudwatch.search.parse import parse_search
from moyai.domain.cloudwatch.statistic import UnknownStatistic, check_statistic
from moyai.kernel.clock import Instant

MAX_FOUND: Final = 500
"""Metrics that one search gives."""
MAX_VALUES: Final = 2_000_000
"""Values that one request has read and calculated."""
PER_SERIES: Final = 16
"""As how many values a series that is read counts, beside its own: one without any is not for nothing, either."""
_ID: Final = re.compile(r"[a-z][a-zA-Z0-9_]*")
_MINUTE: Final = 60


class Source(Protocol):
    """Where metrics are read from."""

    def read(self, stat: MetricStat) -> Line:
        """The metric's values. Raises ValidationFault for a period that there can't be."""

    def metrics(self, schema: Schema | None) -> Sequence[MetricId]:
        """The metrics that there are, or those of the schema, in the order of their names.

        Raises ValidationFault where nothing can be searched.
        """

    def grid(self, period: int) -> Grid:
        """The periods that are asked for. Raises ValidationFault for a period that there can't be."""


class Answers:
    """The values of each query, worked out when they are first asked for. ``cut``: a search found too many."""

    def __init__(self, queries: Sequence[MetricDataQuery], source: Source, most: int = MAX_VALUES) -> None:
        self.queries = {query.id: query for query in queries}
        self.source = source
        self.cut = False
        self._left = self._most = most
        self._known: dict[str, Result] = {}
        self._asking: list[str] = []

    def of(self, query_id: str) -> Result:
        """Its series. Raises ValidationFault."""
        if query_id in self._known:
            return self._known[query_id]
        query = self.queries.get(query_id)
        if query is None:
            raise ValidationFault(f"'{query_id[:50]}' is no query's id.")
        if query_id in self._asking:
            raise ValidationFault(f"The expression of '{query_id}' comes back to itself.")
        self._asking.append(query_id)
        try:
            result = self._known[query_id] = self._worked_out(query)
        finally:
            self._asking.pop()
        return result

    def _worked_out(self, query: MetricDataQuery) -> Result:
        if query.metric_stat is not None:
            line = self.source.read(query.metric_stat)
            self.spend(len(line.values) + PER_SERIES)
            return replace(line, label=query.label or query.metric_stat.metric.metric_name)
        try:
            return evaluate(query.expression or "", _Standpoint(self, query))
        except ValidationFault as fault:
            if fault.message.startswith(_PREFIX):  # of an expression that this one asks for
                raise
            raise ValidationFault(f"{_PREFIX}'{query.id}': {fault.message}") from fault

    def spend(self, values: int) -> None:
        """See Around."""
        self.afford(values)
        self._left -= values

    def afford(self, values: int) -> None:
        """Raise what ``spend`` would."""
        if values > self._left:
            raise ValidationFault(f"The request calculates more than {self._most:,} values.")


_PREFIX: Final = "Error in expression "


class _Standpoint:
    """What one expression sees: an ``Around``."""

    def __init__(self, answers: Answers, query: MetricDataQuery) -> None:
        self._answers = answers
        self._query = query
        self.answer = answers.of
        self.spend = answers.spend

    def metrics(self) -> Sequence[tuple[str, Line]]:
        """See Around."""
        self.spend(len(self._answers.queries))
        asked = [query for query in self._answers.queries.values() if query.metric_stat is not None]
        answers = ((query.id, self._answers.of(query.id)) for query in asked)
        return [(query_id, line) for query_id, line in answers if isinstance(line, Line)]

    def search(self, criteria: str, statistic: str, period: int | None) -> Lines:
        """See Around."""
        seconds = period or self._query.period
        if seconds is None:
            raise ValidationFault("a Period is required, as the query's or as third argument.")
        try:
            check_statistic(statistic)
        except UnknownStatistic as error:
            raise ValidationFault(str(error)) from error
        found = self._found(parse_search(criteria))
        lines: list[Line] = []
        read = 0
        for metric, label in zip(found, short_names(found), strict=True):
            line = self._answers.source.read(MetricStat(metric_of(metric), seconds, statistic))
            lines.append(replace(line, label=label))
            read += len(line.values)
            self._answers.afford(read)  # spent as what the search comes to; not read on when it can't be
        return tuple(lines)

    def _found(self, search: Search) -> Sequence[MetricId]:
        there = self._answers.source.metrics(search.schema)
        self.spend(len(there))
        found = list(islice((one for one in there if search.fits(one)), MAX_FOUND + 1))
        if len(found) > MAX_FOUND:
            self._answers.cut = True
            found.pop()
        self.spend(len(found) * PER_SERIES)
        return found

    @property
    def grid(self) -> Grid:
        """See Around."""
        stats = (query.metric_stat for query in self._answers.queries.values())
        first = next((stat.period for stat in stats if stat is not None), _MINUTE)
        return self._answers.source.grid(self._query.period or first)


def checked_queries(asked: Sequence[MetricDataQuery]) -> Mapping[str, MetricDataQuery]:
    """The queries by id. Raises ValidationFault for any that can't be answered as it is."""
    queries = {query.id: query for query in asked}
    if len(queries) < len(asked):
        raise ValidationFault("The values for parameter Id in MetricDataQueries are not unique.")
    for query in asked:
        _check(query)
    return queries


def check_watchable(asked: Sequence[MetricDataQuery]) -> None:
    """Raise ValidationFault unless the queries come, by expressions that can be worked out, to one series."""
    checked_queries(asked)
    stats = [query.metric_stat for query in asked if query.metric_stat is not None]
    if not stats:
        raise ValidationFault("At least one element of the metrics list must be a metric.")
    if len({stat.period for stat in stats}) > 1:
        raise ValidationFault("Metrics that are watched together must all have the same Period.")
    watched = [query for query in asked if query.return_data]
    if len(watched) != 1:
        raise ValidationFault("Exactly one element of the metrics list should return data.")
    if not isinstance(Answers(asked, Unseen()).of(watched[0].id), Line):
        raise ValidationFault(f"The expression of '{watched[0].id}' must come to a single time series.")


class Unseen:
    """A ``Source`` that has nothing yet: enough to tell whether expressions can be worked out. It can't be searched."""

    def read(self, stat: MetricStat) -> Line:
        """See Source."""
        return Line({}, self.grid(stat.period), stat=stat, read=True)

    def metrics(self, schema: Schema | None) -> Sequence[MetricId]:
        """See Source."""
        del schema
        raise ValidationFault("what is watched can't be searched for: name its metrics.")

    def grid(self, period: int) -> Grid:
        """See Source."""
        return Grid(_NEVER, _NEVER, period)


_NEVER: Final = Instant(0)


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
