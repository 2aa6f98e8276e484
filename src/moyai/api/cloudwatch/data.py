"""GetMetricData: many metrics at once, and arithmetic on them.

Promise: all queries are checked before any is answered. An answer holds up to ``MaxDatapoints`` (100,800) values;
the rest comes with the token, and a query that goes on over the page says PartialData.
Refuses: functions in expressions, Metrics Insights, dynamic labels, other accounts.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec

from moyai.api.cloudwatch.shapes import PERIODS, span_of
from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidNextToken, ValidationFault
from moyai.domain.cloudwatch.expression import Values
from moyai.domain.cloudwatch.query import Answers, MetricDataQuery, MetricStat, checked_queries
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.domain.paging import BadToken, page
from moyai.kernel.clock import Instant
from moyai.ports.metrics import MetricReader

MAX_QUERIES = 500
MAX_DATAPOINTS = 100_800
_ASCENDING = "TimestampAscending"
_LAST_MOMENT = 10**12


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
    answers = Answers(request.metric_data_queries, partial(_measured, reader, ctx, request))
    returned = [query for query in request.metric_data_queries if query.return_data]
    return _paged(request, {query.id: answers.of(query.id) for query in returned}, queries)


def _measured(reader: MetricReader, ctx: Context, request: GetMetricDataRequest, asked: MetricStat) -> Values:
    metric = asked.metric.id
    span = span_of(request.start_time, request.end_time, asked.period)
    if span is None:
        raise ValidationFault(f"Invalid period {asked.period}. {PERIODS}")
    if asked.unit not in {None, reader.unit(ctx.scope, metric)}:
        return {}
    periods = reader.periods(ctx.scope, metric, (span.start, span.end), span.period)
    values = ((period.start, evaluate(asked.stat, period.summary)) for period in periods)
    return {start: value for start, value in values if value is not None}


def _checked(request: GetMetricDataRequest) -> Mapping[str, MetricDataQuery]:
    if not 1 <= len(request.metric_data_queries) <= MAX_QUERIES:
        raise ValidationFault(f"MetricDataQueries must have 1 to {MAX_QUERIES} queries.")
    if request.start_time >= request.end_time:
        raise ValidationFault("The parameter StartTime must be less than the parameter EndTime.")
    if not 1 <= request.max_datapoints <= MAX_DATAPOINTS:
        raise ValidationFault(f"MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
    if not any(query.return_data for query in request.metric_data_queries):
        raise ValidationFault("At least one query must have ReturnData true.")
    return checked_queries(request.metric_data_queries)


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
