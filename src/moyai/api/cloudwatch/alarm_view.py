"""Alarms as answers have them."""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.cloudwatch.alarm import Alarm, CompositeCondition, MetricCondition
from moyai.domain.cloudwatch.query import MetricStat
from moyai.domain.cloudwatch.statistic import PLAIN


def alarm_view(alarm: Alarm) -> Mapping[str, object]:
    """A metric alarm or a composite one."""
    view = {
        "alarm_name": alarm.name,
        "alarm_arn": alarm.arn,
        "alarm_description": alarm.description,
        "alarm_configuration_updated_timestamp": alarm.configured_at,
        "actions_enabled": alarm.actions.enabled,
        "ok_actions": alarm.actions.ok,
        "alarm_actions": alarm.actions.alarm,
        "insufficient_data_actions": alarm.actions.insufficient_data,
        "state_value": alarm.state,
        "state_reason": alarm.reason,
        "state_reason_data": alarm.reason_data,
        "state_updated_timestamp": alarm.updated_at,
        "state_transitioned_timestamp": alarm.transitioned_at,
    }
    if isinstance(alarm.condition, CompositeCondition):
        return {**view, "alarm_rule": alarm.condition.rule}
    return {**view, **_condition(alarm.condition)}


def _condition(condition: MetricCondition) -> Mapping[str, object]:
    watched = {"metrics": condition.queries, "dimensions": ()} if condition.stat is None else _single(condition.stat)
    return {
        **watched,
        "evaluation_periods": condition.evaluation_periods,
        "datapoints_to_alarm": condition.datapoints_to_alarm,
        "threshold": condition.threshold,
        "comparison_operator": condition.comparison,
        "treat_missing_data": condition.treat_missing_data,
        "evaluate_low_sample_count_percentile": condition.low_samples,
    }


def _single(stat: MetricStat) -> Mapping[str, object]:
    return {
        "namespace": stat.metric.namespace,
        "metric_name": stat.metric.metric_name,
        "dimensions": stat.metric.dimensions,
        "period": stat.period,
        "unit": stat.unit,
        "statistic" if stat.stat in PLAIN else "extended_statistic": stat.stat,
    }
