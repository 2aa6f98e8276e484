"""PutMetricData: metrics of the client's own.

Promise: a whole request is checked before any of its values is stored. A value belongs to its own time, also a past
one.
Refuses: names that are AWS's or moyai's own, metrics that moyai measures itself, dimensions that are not ASCII,
entities.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from moyai.api.operation import Context
from moyai.domain.cloudwatch.errors import InvalidParameterCombination, InvalidParameterValue, MissingRequiredParameter
from moyai.domain.cloudwatch.metric import MetricId, Summary, summary_of_values
from moyai.domain.cloudwatch.query import Dimension, Metric
from moyai.kernel.clock import Instant
from moyai.ports.metrics import MetricReader, MetricWriter

MAX_METRICS: Final = 1000
MAX_VALUES: Final = 150
_PAST: Final = 14 * 24 * 3600
_FUTURE: Final = 2 * 3600
_MAX_VALUE: Final = 2.0**360
_NOT_PRINTABLE: Final = re.compile(r"[^ -~]")
_RESERVED: Final = ("AWS/", "Moyai/")


class StatisticSet(msgspec.Struct, frozen=True):
    """The statistics of many values."""

    sample_count: float
    sum: float
    minimum: float
    maximum: float


class MetricDatum(msgspec.Struct, frozen=True):
    """One value, several values, or their statistics. ``storage_resolution`` is ignored: moyai's is five seconds."""

    metric_name: str
    dimensions: tuple[Dimension, ...] = ()
    timestamp: Instant | None = None
    value: float | None = None
    statistic_values: StatisticSet | None = None
    values: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()
    unit: str = "None"
    storage_resolution: int = 60


class PutMetricDataRequest(msgspec.Struct, frozen=True):
    """Values of metrics in one namespace."""

    namespace: str
    metric_data: tuple[MetricDatum, ...] = ()


class _Point(NamedTuple):
    metric: MetricId
    unit: str
    at: Instant
    summary: Summary


def put_metric_data(reader: MetricReader, writer: MetricWriter, ctx: Context, request: PutMetricDataRequest) -> None:
    """Store the values of a request."""
    if request.namespace.startswith(_RESERVED):
        raise InvalidParameterValue(f"The value {request.namespace} for parameter Namespace is invalid.")
    if _NOT_PRINTABLE.search(request.namespace):
        raise InvalidParameterValue("The parameter Namespace must have printable ASCII characters only.")
    if not request.metric_data:
        raise MissingRequiredParameter("The parameter MetricData is required.")
    if len(request.metric_data) > MAX_METRICS:
        raise InvalidParameterValue(f"The collection MetricData must not have a size greater than {MAX_METRICS}.")
    points: list[_Point] = []
    for number, datum in enumerate(request.metric_data, 1):
        point = _point(request.namespace, datum, f"MetricData.member.{number}", ctx.now)
        if reader.is_measured(ctx.scope, point.metric):
            raise InvalidParameterValue(
                f"MetricData.member.{number}: {point.metric.name} is measured by moyai itself, with this namespace and "
                "these dimensions."
            )
        points.append(point)
    for point in points:
        writer.write(ctx.scope, point.metric, point.unit, point.at, point.summary)


def _point(namespace: str, datum: MetricDatum, place: str, now: Instant) -> _Point:
    at = now if datum.timestamp is None else datum.timestamp
    if not now - _PAST <= at <= now + _FUTURE:
        raise InvalidParameterValue(
            f"The parameter {place}.Timestamp must specify a time within the past two weeks or the two hours to come."
        )
    if datum.storage_resolution not in {1, 60}:
        raise InvalidParameterValue(f"The parameter {place}.StorageResolution must be 1 or 60.")
    for number, dimension in enumerate(datum.dimensions, 1):
        _check_dimension(dimension, f"{place}.Dimensions.member.{number}")
    metric = Metric(namespace, datum.metric_name, datum.dimensions)
    return _Point(metric.id, datum.unit, at, _summary(datum, place))


def _check_dimension(dimension: Dimension, place: str) -> None:
    """Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html gives the limits."""
    for name, text in (("Name", dimension.name), ("Value", dimension.value)):
        if _NOT_PRINTABLE.search(text) or not text.strip():
            raise InvalidParameterValue(
                f"The parameter {place}.{name} must have printable ASCII characters only, and not only spaces."
            )
    if dimension.name.startswith(":"):
        raise InvalidParameterValue(f"The parameter {place}.Name must not start with a colon.")


def _summary(datum: MetricDatum, place: str) -> Summary:
    value_forms = (datum.value is not None) + (datum.statistic_values is not None) + bool(datum.values)
    if value_forms == 0:
        raise MissingRequiredParameter(f"One of {place}.Value, {place}.Values and {place}.StatisticValues is required.")
    if value_forms > 1:
        forms = (("Value", datum.value), ("Values", datum.values or None), ("StatisticValues", datum.statistic_values))
        first, second, *_ = (f"{place}.{name}" for name, form in forms if form is not None)
        raise InvalidParameterCombination(
            f"The parameters {first} and {second} are mutually exclusive and you have specified both."
        )
    if datum.counts and not datum.values:
        raise InvalidParameterCombination(f"The parameter {place}.Counts can be specified with {place}.Values only.")
    if datum.statistic_values is not None:
        statistics = datum.statistic_values
        count, total, least, most = statistics.sample_count, statistics.sum, statistics.minimum, statistics.maximum
        _check((count, total, least, most), f"{place}.StatisticValues")
        if count <= 0 or least > most or abs(total / count) > _MAX_VALUE:
            raise InvalidParameterValue(
                f"The parameter {place}.StatisticValues must be the statistics of possible values."
            )
        return Summary(count, total, least, most)
    values = datum.values or (datum.value or 0.0,)
    counts = datum.counts or (1.0,) * len(values)
    if len(values) > MAX_VALUES or len(counts) != len(values):
        raise InvalidParameterValue(f"{place} has at most {MAX_VALUES} Values, and as many Counts.")
    _check(values, f"{place}.Value")
    _check(counts, f"{place}.Counts")
    if any(count <= 0 for count in counts):
        raise InvalidParameterValue(f"The parameter {place}.Counts must be greater than 0.")
    return summary_of_values(list(zip(values, counts, strict=True)))


def _check(numbers: Sequence[float], place: str) -> None:
    for number in numbers:
        if not math.isfinite(number) or abs(number) > _MAX_VALUE:
            raise InvalidParameterValue(f"The value {number} for parameter {place} is invalid.")
