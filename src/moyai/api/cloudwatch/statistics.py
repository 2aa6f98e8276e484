"""GetMetricStatistics: one metric, several statistics.

Refuses: both kinds of statistics at once, more than 1,440 datapoints, and unknown statistics.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

import msgspec

from moyai.api.cloudwatch.shapes import PERIODS, PeriodSpan, span_of
from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidParameterCombination, InvalidParameterValue
from moyai.domain.cloudwatch.query import Dimension, Metric
from moyai.domain.cloudwatch.statistic import PLAIN, UnknownStatistic, check_statistic, evaluate
from moyai.kernel.clock import Instant
from moyai.ports.metrics import MetricReader, Period

MAX_DATAPOINTS = 1440


class GetMetricStatisticsRequest(msgspec.Struct, frozen=True):
    """Statistics of one metric over a time range."""

    namespace: str
    metric_name: str
    start_time: Instant
    end_time: Instant
    period: int
    dimensions: tuple[Dimension, ...] = ()
    statistics: tuple[str, ...] = ()
    extended_statistics: tuple[str, ...] = ()
    unit: str | None = None


def get_metric_statistics(reader: MetricReader, ctx: Context, request: GetMetricStatisticsRequest) -> dict[str, object]:
    """The metric's datapoints of each unit, oldest first; periods without a value are left out."""
    span = _checked_span(request)
    metric = Metric(request.namespace, request.metric_name, request.dimensions).id
    units = reader.units(ctx.scope, metric)
    return {
        "label": request.metric_name,
        "datapoints": [
            {**_datapoint(period, request), "unit": unit}
            for unit in units
            if request.unit in {None, unit}
            for period in reader.periods(ctx.scope, metric, (span.start, span.end), span.period, unit)
        ],
    }


def _checked_span(request: GetMetricStatisticsRequest) -> PeriodSpan:
    if bool(request.statistics) == bool(request.extended_statistics):
        raise InvalidParameterCombination("Give either Statistics or ExtendedStatistics, one and not both.")
    for statistic in request.extended_statistics:
        try:
            check_statistic(statistic)
        except UnknownStatistic as error:
            raise InvalidParameterValue(str(error)) from error
    if request.start_time >= request.end_time:
        raise InvalidParameterValue("The parameter StartTime must be less than the parameter EndTime.")
    span = span_of(request.start_time, request.end_time, request.period)
    if span is None:
        raise InvalidParameterValue(f"The parameter Period is invalid. {PERIODS}")
    datapoints = PeriodSpan(request.start_time, request.end_time, span.period).datapoints
    if datapoints > MAX_DATAPOINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {datapoints:,} datapoints, which exceeds the limit of {MAX_DATAPOINTS:,}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    return span


def _datapoint(period: Period, request: GetMetricStatisticsRequest) -> dict[str, object]:
    point: dict[str, object] = {"timestamp": period.start}
    for statistic in request.statistics:
        point[_MEMBERS[statistic]] = PLAIN[statistic](period.summary)
    extended = {name: evaluate(name, period.summary) for name in request.extended_statistics}
    evaluated = {name: value for name, value in extended.items() if value is not None}
    return {**point, "extended_statistics": evaluated or None}


_MEMBERS = {"SampleCount": "sample_count"} | {name: name.lower() for name in PLAIN if name != "SampleCount"}
