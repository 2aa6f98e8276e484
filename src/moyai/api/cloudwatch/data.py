"""GetMetricData: many metrics at once, and expressions on them.

Promise: all queries are checked before any is evaluated, and other requests are served between two of them. An answer
has up to ``MaxDatapoints`` (100,800) values; the token leads to the rest, and a series that continues on the next page
has the status PartialData. An expression that evaluates to several series has a result for each.
Refuses: Metrics Insights, other accounts.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from moyai.api.cloudwatch.pages import SeriesPart, page_of, with_names
from moyai.api.cloudwatch.reading import Reading
from moyai.api.operation import Context, operation
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.query import MetricDataQuery
from moyai.expressions.metric_data import QueryResults, checked_queries
from moyai.expressions.metric_label import LabelContext, parse_utc_offset, render_label
from moyai.expressions.metric_math.evaluate import Result
from moyai.expressions.metric_math.series import TimeSeries
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.ports.metrics import MetricReader

MAX_QUERIES: Final = 500
MAX_DATAPOINTS: Final = 100_800
_CHARACTERS_PER_VALUE: Final = 16
"""Characters of a label that count as one value: an expression's long label is repeated for each of its series."""
_ASCENDING: Final = "TimestampAscending"
_TRUNCATED: Mapping[str, str] = {"code": "MaxMetricsExceeded", "value": "Maximum number of allowed metrics exceeded."}
_DROPPED: Mapping[str, str] = {
    "code": "ArithmeticError",
    "value": "One or more data-points have been dropped due to non-numeric values (NaN, -Infinite, +Infinite)",
}


class LabelOptions(msgspec.Struct, frozen=True):
    """The format of labels. ``timezone``: ``+0130``."""

    timezone: str | None = None


class GetMetricDataRequest(msgspec.Struct, frozen=True):
    metric_data_queries: tuple[MetricDataQuery, ...]
    start_time: Instant
    end_time: Instant
    next_token: str | None = None
    scan_by: str = "TimestampDescending"
    max_datapoints: int = MAX_DATAPOINTS
    label_options: LabelOptions | None = None


class _LabelledSeries(NamedTuple):
    """A series of a query's result, with its label."""

    query_id: str
    label: str
    series: TimeSeries


@operation(input_fault=ValidationFault, cached=True)
async def get_metric_data(reader: MetricReader, clock: Clock, ctx: Context, request: GetMetricDataRequest) -> object:
    """The values of every query that returns data, in the order of the queries."""
    queries, context = _checked_queries(request), _label_context(ctx, request)
    reading = Reading(reader, ctx.scope, (request.start_time, request.end_time), ctx.now)
    answers = QueryResults(request.metric_data_queries, reading)
    for query in sorted(queries.values(), key=lambda query: query.metric_stat is None):
        if query.return_data or query.metric_stat is not None:
            answers.of(query.id)
            await clock.sleep(Seconds(0))  # a query may read days of values: let other requests run
    returned = [query for query in queries.values() if query.return_data]
    results = [series for query in returned for series in _labelled_series(query, answers, context)]
    listing = (request.metric_data_queries, request.start_time, request.end_time, request.scan_by)
    ascending = request.scan_by == _ASCENDING
    named = with_names(((r.query_id, r.series.stat and r.series.stat.metric), r.series.values) for r in results)
    page = page_of(named, listing, request.next_token, request.max_datapoints, ascending=ascending)
    output = {
        "metric_data_results": [_result(results[series.position], series) for series in page.series],
        "next_token": page.next_token,
        "messages": [_TRUNCATED] if answers.truncated else [],
    }
    return reading.reusable(output)


def _checked_queries(request: GetMetricDataRequest) -> Mapping[str, MetricDataQuery]:
    if not 1 <= len(request.metric_data_queries) <= MAX_QUERIES:
        raise ValidationFault(f"MetricDataQueries must have 1 to {MAX_QUERIES} queries.")
    if request.start_time >= request.end_time:
        raise ValidationFault("The parameter StartTime must be less than the parameter EndTime.")
    if not 1 <= request.max_datapoints <= MAX_DATAPOINTS:
        raise ValidationFault(f"MaxDatapoints must be between 1 and {MAX_DATAPOINTS}.")
    if not any(query.return_data for query in request.metric_data_queries):
        raise ValidationFault("At least one query must have ReturnData true.")
    return checked_queries(request.metric_data_queries)


def _label_context(ctx: Context, request: GetMetricDataRequest) -> LabelContext:
    zone = None if request.label_options is None else request.label_options.timezone
    return LabelContext(ctx.scope, ctx.now, parse_utc_offset(zone))


def _labelled_series(query: MetricDataQuery, answers: QueryResults, context: LabelContext) -> Iterator[_LabelledSeries]:
    """The series of a query's result. Raises ValidationFault, also for labels that are too long together."""
    result: Result = answers.of(query.id)
    for series in (result,) if isinstance(result, TimeSeries) else result:
        label = _label(query, context, series) if series is result else _label_in_array(query.label, series, context)
        answers.spend(len(label) // _CHARACTERS_PER_VALUE)
        yield _LabelledSeries(query.id, label, series)


def _label(query: MetricDataQuery, context: LabelContext, series: TimeSeries) -> str:
    default = query.id if query.metric_stat is None else query.metric_stat.metric.metric_name
    return render_label(default if query.label is None else query.label, series, default, context)


def _label_in_array(label: str | None, series: TimeSeries, context: LabelContext) -> str:
    """The label of a series of an expression: the expression's and the series' own, which ``${LABEL}`` places."""
    default = series.stat.metric.metric_name if series.stat is not None else ""
    series_label = render_label(series.label, series, default, context)
    if not label:
        return series_label
    return render_label(label, series, series_label, context) if "${" in label else f"{label} {series_label}".strip()


def _result(result: _LabelledSeries, part: SeriesPart) -> dict[str, object]:
    return {
        "id": result.query_id,
        "label": result.label,
        "timestamps": part.times,
        "values": [result.series.values[at] for at in part.times],
        "status_code": "PartialData" if part.is_partial else "Complete",
        "messages": [_DROPPED] if result.series.incomplete else None,
    }
