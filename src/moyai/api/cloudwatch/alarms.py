"""PutMetricAlarm: an alarm on a metric, or on arithmetic of metrics.

Refuses: anomaly detection, Metrics Insights and PromQL, wall clock windows, metrics of other accounts; more than 5,000
alarms in an account and region.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Final

from moyai.api.cloudwatch.alarm_rules import AlarmRequest, store_alarm
from moyai.api.operation import Context, operation
from moyai.domain.cloudwatch.alarm import ComparisonOperator, MetricCondition, MissingData
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.query import Dimension, Metric, MetricDataQuery, MetricStat
from moyai.domain.cloudwatch.statistic import UnknownStatistic, check_statistic
from moyai.expressions.metric_data import check_alarm_queries

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
_SUB_MINUTE_PERIODS: Final = frozenset({10, 20, 30})
_MAX_OF_A_KIND: Final = 10
"""The most metrics of an alarm, and the most expressions."""
_LOW_SAMPLES: Final = ("evaluate", "ignore")
_SINGLE: Final = MappingProxyType(
    {
        "MetricName": "metric_name",
        "Namespace": "namespace",
        "Statistic": "statistic",
        "ExtendedStatistic": "extended_statistic",
        "Period": "period",
        "Unit": "unit",
        "Dimensions": "dimensions",
    }
)


class PutMetricAlarmRequest(AlarmRequest, frozen=True, kw_only=True):
    """Input of PutMetricAlarm: the whole alarm; absent members have their defaults."""

    metric_name: str | None = None
    namespace: str | None = None
    statistic: str | None = None
    extended_statistic: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    period: int | None = None
    unit: str | None = None
    evaluation_periods: int | None = None
    datapoints_to_alarm: int | None = None
    threshold: float | None = None
    comparison_operator: str | None = None
    treat_missing_data: str | None = None
    evaluate_low_sample_count_percentile: str | None = None
    metrics: tuple[MetricDataQuery, ...] = ()


@operation(input_fault=ValidationFault)
def put_metric_alarm(ctx: Context, request: PutMetricAlarmRequest) -> None:
    """Create an alarm, or replace its configuration; an existing alarm keeps its state and its tags."""
    store_alarm(ctx, request, "MetricAlarm", _condition(request))


def _condition(request: PutMetricAlarmRequest) -> MetricCondition:
    if request.threshold is None or request.comparison_operator is None or request.evaluation_periods is None:
        raise ValidationFault("An alarm must have Threshold, ComparisonOperator and EvaluationPeriods.")
    if not math.isfinite(request.threshold):
        raise ValidationFault(f"Threshold {request.threshold} is not a number to compare with.")
    if request.comparison_operator not in set(ComparisonOperator):
        raise ValidationFault(
            f"ComparisonOperator {request.comparison_operator} is for anomaly detection, which moyai does not support."
        )
    condition = MetricCondition(
        threshold=request.threshold,
        comparison=ComparisonOperator(request.comparison_operator),
        evaluation_periods=request.evaluation_periods,
        stat=None if request.metrics else _stat(request),
        queries=_queries(request),
        datapoints_to_alarm=request.datapoints_to_alarm,
        treat_missing_data=_missing(request.treat_missing_data),
        low_samples=_low_samples(request.evaluate_low_sample_count_percentile),
    )
    _check_periods(condition)
    return condition


def _stat(request: PutMetricAlarmRequest) -> MetricStat:
    if not request.metric_name or not request.namespace:
        raise ValidationFault("An alarm must have either Metrics, or MetricName and Namespace.")
    if (request.statistic is None) == (request.extended_statistic is None):
        raise ValidationFault("Exactly one of Statistic and ExtendedStatistic must be specified.")
    if request.period is None:
        raise ValidationFault("Period is required for an alarm on one metric.")
    statistic = request.statistic or request.extended_statistic or ""
    try:
        check_statistic(statistic)
    except UnknownStatistic as error:
        raise ValidationFault(str(error)) from error
    metric = Metric(request.namespace, request.metric_name, request.dimensions)
    return MetricStat(metric, request.period, statistic, request.unit)


def _queries(request: PutMetricAlarmRequest) -> tuple[MetricDataQuery, ...]:
    """The queries. They are evaluated once without data, so that an invalid expression is refused now, not later."""
    if not request.metrics:
        return ()
    if any(getattr(request, name) for name in _SINGLE.values()):
        raise ValidationFault(
            f"Metrics can't be specified together with the members for one metric: {', '.join(_SINGLE)}."
        )
    metrics = sum(query.metric_stat is not None for query in request.metrics)
    if max(metrics, len(request.metrics) - metrics) > _MAX_OF_A_KIND:
        raise ValidationFault(
            f"Metrics can have at most {_MAX_OF_A_KIND} queries with MetricStat and {_MAX_OF_A_KIND} with Expression."
        )
    check_alarm_queries(request.metrics)
    return request.metrics


def _check_periods(condition: MetricCondition) -> None:
    if any(stat.period not in _SUB_MINUTE_PERIODS and stat.period % _MINUTE for stat in condition.stats):
        raise ValidationFault("Period must be 10, 20, 30 or a multiple of 60.")
    span = condition.evaluation_periods * condition.period
    if span > (_WEEK if condition.period >= _HOUR else _DAY):
        raise ValidationFault(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), "
            "or seven days when Period is an hour or more."
        )
    if condition.datapoints_to_alarm is not None and condition.datapoints_to_alarm > condition.evaluation_periods:
        raise ValidationFault("DatapointsToAlarm must not be greater than EvaluationPeriods.")


def _missing(treatment: str | None) -> MissingData | None:
    if treatment is not None and treatment not in set(MissingData):
        raise ValidationFault(f"TreatMissingData {treatment} is not one of {', '.join(MissingData)}.")
    return None if treatment is None else MissingData(treatment)


def _low_samples(evaluation: str | None) -> str | None:
    if evaluation is not None and evaluation not in _LOW_SAMPLES:
        raise ValidationFault(f"EvaluateLowSampleCountPercentile {evaluation} is not one of {', '.join(_LOW_SAMPLES)}.")
    return evaluation
