"""PutCompositeAlarm: an alarm on other alarms.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.cloudwatch.alarm_rules import AlarmRequest, store_alarm
from moyai.api.operation import Context, operation
from moyai.domain.cloudwatch.alarm import CompositeCondition, alarm_arn
from moyai.domain.cloudwatch.errors import LimitExceeded, ValidationFault
from moyai.expressions.alarm_rule import parse_alarm_rule

MAX_PARENTS: Final = 150
"""The most composite alarms whose rules name the same alarm."""


class PutCompositeAlarmRequest(AlarmRequest, frozen=True, kw_only=True):
    """Input of PutCompositeAlarm: the whole alarm; absent members have their defaults."""

    alarm_rule: str


@operation(input_fault=ValidationFault)
def put_composite_alarm(ctx: Context, request: PutCompositeAlarmRequest) -> None:
    """Create a composite alarm, or replace its configuration; an existing alarm keeps its state and its tags."""
    store_alarm(ctx, request, "CompositeAlarm", _condition(ctx, request))


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
