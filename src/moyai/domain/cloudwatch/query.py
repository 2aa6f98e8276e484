"""Which values a request or an alarm is about: a metric's statistic, or an expression on others.

Promise: a query is worked out when it is first asked for, and once; an expression that comes back to itself, or names
what is not there, is refused.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.expression import Values, calculate
from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.cloudwatch.statistic import UnknownStatistic, check_statistic

_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")


class Dimension(msgspec.Struct, frozen=True):
    """One dimension."""

    name: str
    value: str


class Metric(msgspec.Struct, frozen=True):
    """A metric's name."""

    namespace: str = ""
    metric_name: str = ""
    dimensions: tuple[Dimension, ...] = ()

    @property
    def id(self) -> MetricId:
        """The same, whatever order the dimensions come in."""
        return metric_id(self.namespace, self.metric_name, ((one.name, one.value) for one in self.dimensions))


class MetricStat(msgspec.Struct, frozen=True):
    """One statistic of one metric, in periods of so many seconds."""

    metric: Metric
    period: int
    stat: str
    unit: str | None = None


class MetricDataQuery(msgspec.Struct, frozen=True):
    """A metric's statistic, or an expression on others."""

    id: str
    metric_stat: MetricStat | None = None
    expression: str | None = None
    label: str | None = None
    return_data: bool = True


Measure = Callable[[MetricStat], Values]
"""Reads a metric's values. Raises ValidationFault."""


class Answers:
    """The values of each query, worked out when they are first asked for."""

    def __init__(self, queries: Iterable[MetricDataQuery], measure: Measure) -> None:
        self._queries = {query.id: query for query in queries}
        self._measure = measure
        self._known: dict[str, Values] = {}
        self._asking: list[str] = []

    def of(self, query_id: str) -> Values:
        """Its values by period. Raises ValidationFault."""
        if query_id in self._known:
            return self._known[query_id]
        query = self._queries.get(query_id)
        if query is None:
            raise ValidationFault(f"The expression names '{query_id}', which is no query's id.")
        if query_id in self._asking:
            raise ValidationFault(f"The expression of '{query_id}' comes back to itself.")
        self._asking.append(query_id)
        stat = query.metric_stat
        values = calculate(query.expression or "", self.of) if stat is None else self._measure(stat)
        self._asking.pop()
        self._known[query_id] = values
        return values


def checked_queries(asked: Sequence[MetricDataQuery]) -> Mapping[str, MetricDataQuery]:
    """The queries by id. Raises ValidationFault for any that can't be answered as it is."""
    queries = {query.id: query for query in asked}
    if len(queries) < len(asked):
        raise ValidationFault("Every Id in MetricDataQueries must be there once.")
    for query in asked:
        _check(query)
    periods = {query.metric_stat.period for query in asked if query.metric_stat is not None}
    if len(periods) > 1 and any(query.expression is not None for query in asked):
        raise ValidationFault("Metrics that an expression is asked for with must all have the same Period.")
    return queries


def _check(query: MetricDataQuery) -> None:
    if not _ID.fullmatch(query.id):
        raise ValidationFault(f"The Id '{query.id}' must begin with a small letter, then letters, digits and _.")
    if (query.metric_stat is None) == (query.expression is None):
        raise ValidationFault(f"The query '{query.id}' must have either MetricStat or Expression.")
    if query.label is not None and "${" in query.label:
        raise ValidationFault(f"The label of '{query.id}' is dynamic, which moyai does not support: leave '${{' out.")
    if query.metric_stat is not None:
        if not query.metric_stat.metric.namespace or not query.metric_stat.metric.metric_name:
            raise ValidationFault(f"The metric of '{query.id}' must have Namespace and MetricName.")
        try:
            check_statistic(query.metric_stat.stat)
        except UnknownStatistic as error:
            raise ValidationFault(str(error)) from error
