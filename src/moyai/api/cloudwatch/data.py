"""GetMetricData: many metrics at once, and arithmetic on them.

Promise: all queries are checked before any is answered. An answer holds up to ``MaxDatapoints`` (100,800) values;
the rest comes with the token, and a query that goes on over the page says PartialData.
Refuses: functions in expressions, Metrics Insights, dynamic labels, other accounts.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from moyai.api.cloudwatch.expression import Values, calculate
from moyai.api.cloudwatch.shapes import PERIODS, Dimension, metric_of, span_of
from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidNextToken, ValidationFault
from moyai.domain.cloudwatch.statistic import UnknownStatistic, check_statistic, evaluate
from moyai.domain.paging import BadToken, page
from moyai.kernel.clock import Instant
from moyai.ports.metrics import MetricReader

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
_ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
_ASCENDING = "TimestampAscending"
_LAST_MOMENT = 10**12


class Metric(msgspec.Struct, frozen=True):
    """A metric's name."""

    namespace: str = ""
    metric_name: str = ""
    dimensions: tuple[Dimension, ...] = ()


class MetricStat(msgspec.Struct, frozen=True):
    """One statistic of one metric."""

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


class GetMetricDataRequest(msgspec.Struct, frozen=True):
    """Queries over some time."""

    metric_data_queries: tuple[MetricDataQuery, ...]
    start_time: Instant
    end_time: Instant
    next_token: str | None = None
    scan_by: str = "TimestampDescending"
    max_datapoints: int = MAX_DATAPOINTS


def get_metric_data(reader: MetricReader, ctx: Context, request: GetMetricDataRequest) -> dict[str, object]:
    """The values of every query that returns data, in the order of the queries."""
    queries = _checked(request)
    answers = _Answers(reader, ctx, request, queries)
    returned = [query for query in request.metric_data_queries if query.return_data]
    return _paged(request, {query.id: answers.of(query.id) for query in returned}, queries)


class _Answers:
    """The values of each query, worked out when they are first asked for."""

    def __init__(
        self,
        reader: MetricReader,
        ctx: Context,
        request: GetMetricDataRequest,
        queries: Mapping[str, MetricDataQuery],
    ) -> None:
        self._reader = reader
        self._ctx = ctx
        self._span = (request.start_time, request.end_time)
        self._queries = queries
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
        values = self._measured(query.metric_stat) if query.metric_stat else calculate(query.expression or "", self.of)
        self._asking.pop()
        self._known[query_id] = values
        return values

    def _measured(self, asked: MetricStat) -> Values:
        metric = metric_of(asked.metric.namespace, asked.metric.metric_name, asked.metric.dimensions)
        span = span_of(*self._span, asked.period)
        if span is None:
            raise ValidationFault(f"Invalid period {asked.period}. {PERIODS}")
        if asked.unit not in {None, self._reader.unit(self._ctx.scope, metric)}:
            return {}
        periods = self._reader.periods(self._ctx.scope, metric, (span.start, span.end), span.period)
        values = ((period.start, evaluate(asked.stat, period.summary)) for period in periods)
        return {start: value for start, value in values if value is not None}


def _checked(request: GetMetricDataRequest) -> Mapping[str, MetricDataQuery]:
    queries = {query.id: query for query in request.metric_data_queries}
    if not queries or len(request.metric_data_queries) > MAX_QUERIES:
        raise ValidationFault(f"MetricDataQueries must have 1 to {MAX_QUERIES} queries.")
    if len(queries) < len(request.metric_data_queries):
        raise ValidationFault("Every Id in MetricDataQueries must be there once.")
    if request.start_time >= request.end_time:
        raise ValidationFault("The parameter StartTime must be less than the parameter EndTime.")
    if not 1 <= request.max_datapoints <= MAX_DATAPOINTS:
        raise ValidationFault(f"MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
    if not any(query.return_data for query in queries.values()):
        raise ValidationFault("At least one query must have ReturnData true.")
    for query in queries.values():
        _check(query)
    periods = {query.metric_stat.period for query in queries.values() if query.metric_stat is not None}
    if len(periods) > 1 and any(query.expression is not None for query in queries.values()):
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


def _paged(
    request: GetMetricDataRequest, answers: Mapping[str, Values], queries: Mapping[str, MetricDataQuery]
) -> dict[str, object]:
    """One page of the answers. A value's key is its query's place and its time, in the order of the scan."""
    keys = {
        f"{place:04}{_rank(at, request.scan_by):013}": (query_id, at)
        for place, (query_id, values) in enumerate(answers.items())
        for at in values
    }
    listing = (request.metric_data_queries, request.start_time, request.end_time, request.scan_by)
    try:
        shown = page(keys, listing, request.next_token, request.max_datapoints)
    except BadToken as error:
        raise InvalidNextToken(str(error)) from error
    on_page: dict[str, list[Instant]] = {query_id: [] for query_id in answers}
    for key in shown.keys:
        query_id, at = keys[key]
        on_page[query_id].append(at)
    cut = keys[shown.keys[-1]] if shown.next_token else None
    first = request.next_token is None
    return {
        "metric_data_results": [
            {
                "id": query_id,
                "label": _label(queries[query_id]),
                "timestamps": times,
                "values": [answers[query_id][at] for at in times],
                "status_code": _status(answers[query_id], cut, query_id, request.scan_by),
            }
            for query_id, times in on_page.items()
            if times or (first and not answers[query_id])
        ],
        "next_token": shown.next_token,
        "messages": [],
    }


def _rank(at: Instant, scan_by: str) -> int:
    return round(at) if scan_by == _ASCENDING else _LAST_MOMENT - round(at)


def _status(values: Values, cut: tuple[str, Instant] | None, query_id: str, scan_by: str) -> str:
    if cut is None or cut[0] != query_id:
        return "Complete"
    last = max(values) if scan_by == _ASCENDING else min(values)
    return "Complete" if cut[1] == last else "PartialData"


def _label(query: MetricDataQuery) -> str:
    if query.label is not None:
        return query.label
    return query.id if query.metric_stat is None else query.metric_stat.metric.metric_name
