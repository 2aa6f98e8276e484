"""PutCompositeAlarm: an alarm on other alarms.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.cloudwatch.alarm_rules import TAGS, checked_actions, checked_quota
from moyai.api.operation import Context, operation
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.cloudwatch.alarm import AlarmActions, CompositeCondition, alarm_arn
from moyai.domain.cloudwatch.errors import LimitExceeded, ValidationFault
from moyai.expressions.alarm_rule import parse_alarm_rule
from moyai.plan.alarms.configuration import AlarmConfiguration, put_alarm

MAX_PARENTS: Final = 150
"""Composite alarms whose rules name the same alarm."""


class PutCompositeAlarmRequest(msgspec.Struct, frozen=True):
    """A composite alarm, whole."""

    alarm_name: str
    alarm_rule: str
    alarm_description: str | None = None
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()


@operation(input_fault=ValidationFault)
def put_composite_alarm(ctx: Context, request: PutCompositeAlarmRequest) -> None:
    """Create a composite alarm, or replace its configuration; an existing alarm keeps its state and its tags."""
    configuration = AlarmConfiguration(
        name=request.alarm_name,
        condition=_condition(ctx, request),
        actions=checked_actions(
            AlarmActions(
                request.actions_enabled,
                request.ok_actions,
                request.alarm_actions,
                request.insufficient_data_actions,
            )
        ),
        description=request.alarm_description,
        tags=checked_tags(TAGS, request.tags),
    )
    checked_quota(ctx, request.alarm_name, "CompositeAlarm")
    ctx.store.apply(put_alarm(ctx.store.world, ctx.scope, configuration, ctx.now, ctx.ids))


def _condition(ctx: Context, request: PutCompositeAlarmRequest) -> CompositeCondition:
    if request.alarm_rule != request.alarm_rule.strip():
        raise ValidationFault("AlarmRule must not contain leading or trailing whitespace or be null")
    alarms = parse_alarm_rule(request.alarm_rule, ctx.scope).alarms
    alarm_itself = alarm_arn(ctx.scope, request.alarm_name)
    absent = [
        arn.rpartition(":alarm:")[2] for arn in alarms if arn != alarm_itself and arn not in ctx.store.world.alarms
    ]
    if absent:
        named = ", ".join(absent)[:500]
        raise ValidationFault(f"Could not save the composite alarm as alarms [{named}] in the alarm rule do not exist")
    for arn in alarms:
        parents = ctx.store.world.alarms.count("child", arn)
        if parents >= MAX_PARENTS and all(
            alarm.arn != alarm_itself for alarm in ctx.store.world.alarms.each("child", arn)
        ):
            raise LimitExceeded(
                f"The alarm {arn.rpartition(':alarm:')[2]} is in the rules of {parents} composite alarms already."
            )
    return CompositeCondition(request.alarm_rule, alarms)
