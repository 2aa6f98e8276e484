"""GetMetricData: many metrics at once, and expressions on them.

Promise: all queries are checked before any is answered, and between two of them others have their turn. An answer holds
up to ``MaxDatapoints`` (100,800) values; the rest comes with the token, and a series that goes on over the page says
PartialData. An expression that comes to several series has a result for each.
Refuses: Metrics Insights, other accounts.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from moyai.api.cloudwatch.pages import Series, named, paged
from moyai.api.cloudwatch.reading import Reading
from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidNextToken, ValidationFault
from moyai.domain.cloudwatch.query import MetricDataQuery
from moyai.domain.paging import BadToken
from moyai.expressions.metric_data import QueryResults, checked_queries
from moyai.expressions.metric_label import LabelContext, parse_utc_offset, render_label
from moyai.expressions.metric_math.evaluate import Result
from moyai.expressions.metric_math.series import TimeSeries
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.ports.metrics import MetricReader

MAX_QUERIES: Final = 500
MAX_DATAPOINTS: Final = 100_800
_LETTERS: Final = 16
"""So many of a label's count as one value: the same long label stands at each series that an expression comes to."""
_ASCENDING: Final = "TimestampAscending"
_CUT: Mapping[str, str] = {"code": "MaxMetricsExceeded", "value": "Maximum number of allowed metrics exceeded."}
_DROPPED: Mapping[str, str] = {
    "code": "ArithmeticError",
    "value": "One or more data-points have been dropped due to non-numeric values (NaN, -Infinite, +Infinite)",
}


class LabelOptions(msgspec.Struct, frozen=True):
    """The format of labels. ``timezone``: ``+0130``."""

    timezone: str | None = None


class GetMetricDataRequest(msgspec.Struct, frozen=True):
    """Queries over some time."""

    metric_data_queries: tuple[MetricDataQuery, ...]
    start_time: Instant
    end_time: Instant
    next_token: str | None = None
    scan_by: str = "TimestampDescending"
    max_datapoints: int = MAX_DATAPOINTS
    label_options: LabelOptions | None = None


class _Told(NamedTuple):
    """One result: of which query, and what it is called."""

    query_id: str
    label: str
    line: TimeSeries


async def get_metric_data(
    reader: MetricReader, clock: Clock, ctx: Context, request: GetMetricDataRequest
) -> dict[str, object]:
    """The values of every query that returns data, in the order of the queries."""
    queries, setting = _checked(request), _setting(ctx, request)
    reading = Reading(reader, ctx.scope, (request.start_time, request.end_time), ctx.now)
    answers = QueryResults(request.metric_data_queries, reading)
    for query in sorted(queries.values(), key=lambda one: one.metric_stat is None):
        if query.return_data or query.metric_stat is not None:
            answers.of(query.id)
            await clock.sleep(Seconds(0))  # each may be days of values: others have their turn before the next
    results = [told for query in queries.values() if query.return_data for told in _told(query, answers, setting)]
    listing = (request.metric_data_queries, request.start_time, request.end_time, request.scan_by)
    ascending = request.scan_by == _ASCENDING
    values = named(((told.query_id, told.line.stat and told.line.stat.metric), told.line.values) for told in results)
    try:
        shown = paged(values, listing, request.next_token, request.max_datapoints, ascending=ascending)
    except BadToken as error:
        raise InvalidNextToken(str(error)) from error
    return {
        "metric_data_results": [_result(results[series.place], series) for series in shown.series],
        "next_token": shown.next_token,
        "messages": [_CUT] if answers.truncated else [],
    }


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


def _setting(ctx: Context, request: GetMetricDataRequest) -> LabelContext:
    zone = None if request.label_options is None else request.label_options.timezone
    return LabelContext(ctx.scope, ctx.now, parse_utc_offset(zone))


def _told(query: MetricDataQuery, answers: QueryResults, setting: LabelContext) -> Iterator[_Told]:
    """Raises ValidationFault also for what is too long to be told."""
    result: Result = answers.of(query.id)
    for line in (result,) if isinstance(result, TimeSeries) else result:
        label = _label(query, setting, line) if line is result else _label_in_array(query.label, line, setting)
        answers.spend(len(label) // _LETTERS)
        yield _Told(query.id, label, line)


def _label(query: MetricDataQuery, setting: LabelContext, line: TimeSeries) -> str:
    default = query.id if query.metric_stat is None else query.metric_stat.metric.metric_name
    return render_label(default if query.label is None else query.label, line, default, setting)


def _label_in_array(label: str | None, line: TimeSeries, setting: LabelContext) -> str:
    """An expression's own label stands before that of each series, unless it says where that goes."""
    own = render_label(line.label, line, line.stat.metric.metric_name if line.stat is not None else "", setting)
    if not label:
        return own
    return render_label(label, line, own, setting) if "${" in label else f"{label} {own}".strip()


def _result(told: _Told, series: Series) -> dict[str, object]:
    return {
        "id": told.query_id,
        "label": told.label,
        "timestamps": series.moments,
        "values": [told.line.values[at] for at in series.moments],
        "status_code": "PartialData" if series.goes_on else "Complete",
        "messages": [_DROPPED] if told.line.dropped else [],
    }
