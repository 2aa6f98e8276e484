"""Alarms and their history: describe.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from moyai.api.operation import Context, operation
from moyai.domain.cloudwatch.alarm import Alarm, AlarmEvent, CompositeCondition, MetricCondition, alarm_arn
from moyai.domain.cloudwatch.errors import InvalidNextToken, ValidationFault
from moyai.domain.cloudwatch.query import Dimension, Metric, MetricStat
from moyai.domain.cloudwatch.statistic import PLAIN
from moyai.domain.keys import scope_key
from moyai.domain.paging import Page, page
from moyai.kernel.clock import Instant
from moyai.plan.alarms.history import HISTORY_KEPT

_MAX_RECORDS: Final = 100
_METRIC, _COMPOSITE = "MetricAlarm", "CompositeAlarm"
_ASCENDING: Final = "TimestampAscending"


class DescribeAlarmsRequest(msgspec.Struct, frozen=True):
    """Filters by name, state, action, or by a composite alarm's rule."""

    alarm_names: tuple[str, ...] = ()
    alarm_name_prefix: str | None = None
    alarm_types: tuple[str, ...] = ()
    children_of_alarm_name: str | None = None
    parents_of_alarm_name: str | None = None
    state_value: str | None = None
    action_prefix: str | None = None
    max_records: int = _MAX_RECORDS
    next_token: str | None = None


class DescribeAlarmsForMetricRequest(msgspec.Struct, frozen=True):
    """The metric whose alarms to describe."""

    metric_name: str
    namespace: str
    statistic: str | None = None
    extended_statistic: str | None = None
    dimensions: tuple[Dimension, ...] = ()
    period: int | None = None
    unit: str | None = None


class DescribeAlarmHistoryRequest(msgspec.Struct, frozen=True):
    """Filters of the history of one alarm or of all."""

    alarm_name: str | None = None
    alarm_types: tuple[str, ...] = ()
    history_item_type: str | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None
    max_records: int = _MAX_RECORDS
    next_token: str | None = None
    scan_by: str = "TimestampDescending"


@operation(input_fault=ValidationFault)
def describe_alarms(ctx: Context, request: DescribeAlarmsRequest) -> dict[str, object]:
    """A page of the matching alarms, by name."""
    if request.alarm_names and request.alarm_name_prefix is not None:
        raise ValidationFault("AlarmNames and AlarmNamePrefix can't be specified together.")
    if _asks_for_related(request) and msgspec.structs.replace(
        request, next_token=None, max_records=_MAX_RECORDS
    ) not in (
        DescribeAlarmsRequest(children_of_alarm_name=request.children_of_alarm_name),
        DescribeAlarmsRequest(parents_of_alarm_name=request.parents_of_alarm_name),
    ):
        raise ValidationFault(
            "ChildrenOfAlarmName and ParentsOfAlarmName can be combined only with MaxRecords and NextToken."
        )
    matching = {alarm.name: alarm for alarm in _candidates(ctx, request) if _matches(alarm, request)}
    listing = msgspec.structs.replace(request, next_token=None, max_records=0)
    page = _page(matching, ("alarms", msgspec.to_builtins(listing)), request.next_token, request.max_records)
    alarms = [matching[name] for name in page.keys]
    return {
        "metric_alarms": [_alarm_view(alarm) for alarm in alarms if alarm.type == _METRIC],
        "composite_alarms": [_alarm_view(alarm) for alarm in alarms if alarm.type == _COMPOSITE],
        "next_token": page.next_token,
    }


@operation(input_fault=ValidationFault)
def describe_alarms_for_metric(ctx: Context, request: DescribeAlarmsForMetricRequest) -> dict[str, object]:
    """The alarms on this metric itself, without alarms on expressions."""
    alarms = ctx.store.world.alarms.by("scope", scope_key(ctx.scope))
    return {
        "metric_alarms": [
            _alarm_view(alarm)
            for alarm in sorted(alarms, key=lambda alarm: alarm.name)
            if isinstance(alarm.condition, MetricCondition)
            and alarm.condition.stat is not None
            and _watches(alarm.condition.stat, request)
        ]
    }


@operation(input_fault=ValidationFault)
def describe_alarm_history(ctx: Context, request: DescribeAlarmHistoryRequest) -> dict[str, object]:
    """The history of alarms, the newest item first by default."""
    world = ctx.store.world
    if request.alarm_name is None:
        events = world.alarm_history.by("scope", scope_key(ctx.scope))
    else:
        events = world.alarm_history.by("alarm", alarm_arn(ctx.scope, request.alarm_name))
    order = {event.key: index for index, event in enumerate(events)}
    matching = {f"{e.at:020.6f}/{order[e.key]:09}": e for e in events if _is_listed(e, request, ctx.now)}
    listing = msgspec.to_builtins(msgspec.structs.replace(request, next_token=None, max_records=0))
    newest_first = request.scan_by != _ASCENDING
    page = _page(matching, ("history", listing), request.next_token, request.max_records, descending=newest_first)
    return {"alarm_history_items": [_item(matching[key]) for key in page.keys], "next_token": page.next_token}


def _candidates(ctx: Context, request: DescribeAlarmsRequest) -> Iterable[Alarm]:
    world = ctx.store.world
    if request.children_of_alarm_name is not None:
        parent = world.alarms.get(alarm_arn(ctx.scope, request.children_of_alarm_name))
        children = (
            parent.condition.alarms if parent is not None and isinstance(parent.condition, CompositeCondition) else ()
        )
        return [alarm for arn in children if (alarm := world.alarms.get(arn)) is not None]
    if request.parents_of_alarm_name is not None:
        return world.alarms.by("child", alarm_arn(ctx.scope, request.parents_of_alarm_name))
    if request.alarm_names:
        arns = [alarm_arn(ctx.scope, name) for name in request.alarm_names]
        return [alarm for arn in arns if (alarm := world.alarms.get(arn)) is not None]
    return world.alarms.by("scope", scope_key(ctx.scope))


def _asks_for_related(request: DescribeAlarmsRequest) -> bool:
    return request.children_of_alarm_name is not None or request.parents_of_alarm_name is not None


def _matches(alarm: Alarm, request: DescribeAlarmsRequest) -> bool:
    kinds = request.alarm_types or ((_METRIC, _COMPOSITE) if _asks_for_related(request) else (_METRIC,))
    prefix = request.action_prefix
    return (
        alarm.type in kinds
        and alarm.name.startswith(request.alarm_name_prefix or "")
        and request.state_value in {None, alarm.state}
        and (prefix is None or any(action.startswith(prefix) for action in alarm.actions.all))
    )


def _watches(stat: MetricStat, request: DescribeAlarmsForMetricRequest) -> bool:
    return (
        stat.metric.id == Metric(request.namespace, request.metric_name, request.dimensions).id
        and {request.statistic, request.extended_statistic} <= {None, stat.stat}
        and request.period in {None, stat.period}
        and request.unit in {None, stat.unit}
    )


def _is_listed(event: AlarmEvent, request: DescribeAlarmHistoryRequest, now: Instant) -> bool:
    start = now - HISTORY_KEPT if request.start_date is None else max(request.start_date, now - HISTORY_KEPT)
    return (
        event.alarm_type in (request.alarm_types or (_METRIC,))
        and request.history_item_type in {None, event.type}
        and start <= event.at
        and (request.end_date is None or event.at <= request.end_date)
    )


def _item(event: AlarmEvent) -> dict[str, object]:
    return {
        "alarm_name": event.name,
        "alarm_type": event.alarm_type,
        "timestamp": event.at,
        "history_item_type": event.type,
        "history_summary": event.summary,
        "history_data": event.data,
    }


def _page(keys: Iterable[str], listing: object, token: str | None, size: int, *, descending: bool = False) -> Page:
    return page(keys, listing, token, size, fault=InvalidNextToken, descending=descending)


def _alarm_view(alarm: Alarm) -> Mapping[str, object]:
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
