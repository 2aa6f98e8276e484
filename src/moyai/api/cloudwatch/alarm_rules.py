"""Rules that metric alarms and composite alarms share.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.cloudwatch.alarm import AlarmActions, CompositeCondition, MetricCondition, alarm_arn
from moyai.domain.cloudwatch.errors import LimitExceeded, ValidationFault
from moyai.domain.keys import scope_key
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn
from moyai.plan.alarms.configuration import AlarmConfiguration, put_alarm

MAX_ALARMS: Final = 5000
"""In one account and region."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TAG_RULES: Final = TagRules("alarm", ValidationFault, ValidationFault)
"""For the tags of a new alarm."""


class AlarmRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The members that PutMetricAlarm and PutCompositeAlarm share."""

    alarm_name: str
    alarm_description: str | None = None
    actions_enabled: bool = True
    ok_actions: tuple[str, ...] = ()
    alarm_actions: tuple[str, ...] = ()
    insufficient_data_actions: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()


def store_alarm(
    ctx: Context, request: AlarmRequest, kind: str, condition: MetricCondition | CompositeCondition
) -> None:
    """Create the alarm of a request, or replace its configuration. Raises ValidationFault, LimitExceeded."""
    actions = AlarmActions(
        request.actions_enabled, request.ok_actions, request.alarm_actions, request.insufficient_data_actions
    )
    configuration = AlarmConfiguration(
        name=request.alarm_name,
        condition=condition,
        actions=_checked_actions(actions),
        description=request.alarm_description,
        tags=checked_tags(_TAG_RULES, request.tags),
    )
    _check_quota(ctx, request.alarm_name, kind)
    ctx.store.apply(put_alarm(ctx.store.world, ctx.scope, configuration, ctx.now, ctx.ids))


def _checked_actions(actions: AlarmActions) -> AlarmActions:
    """The actions, checked. Raises ValidationFault for one that is not an ARN or occurs twice for a state."""
    for arns in (actions.ok, actions.alarm, actions.insufficient_data):
        for action in arns:
            if parse_arn(action) is None:
                raise ValidationFault(f"Invalid arn syntax: {action[:200]}")
        if len(set(arns)) < len(arns):
            raise ValidationFault("An alarm can have an action only once for each state.")
    return actions


def _check_quota(ctx: Context, name: str, kind: str) -> None:
    """Raises LimitExceeded for one alarm too many, ValidationFault for a name that an alarm of the other kind has, or
    that no alarm can have.
    """
    if _CONTROL.search(name):
        raise ValidationFault("AlarmName must not contain ASCII control characters.")
    world = ctx.store.world
    alarm = world.alarms.get(alarm_arn(ctx.scope, name))
    if alarm is None and world.alarms.count("scope", scope_key(ctx.scope)) >= MAX_ALARMS:
        raise LimitExceeded("The quota for the number of alarms for this customer has already been reached.")
    if alarm is not None and alarm.type != kind:
        raise ValidationFault(f"There is an alarm {name} already, and it is a {alarm.type}.")
