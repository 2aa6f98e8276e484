"""Rules that metric alarms and composite alarms share.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
"""

from __future__ import annotations

import re
from typing import Final

from moyai.api.operation import Context
from moyai.domain.cloudwatch.alarm import AlarmActions, alarm_arn
from moyai.domain.cloudwatch.errors import LimitExceeded, ValidationFault
from moyai.domain.keys import scope_key
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn

MAX_ALARMS: Final = 5000
"""In one account and region."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
TAGS: Final = TagRules("alarm", ValidationFault, ValidationFault)
"""Of an alarm that is new."""


def checked_actions(actions: AlarmActions) -> AlarmActions:
    """The actions of one state. Raises ValidationFault for one that is no ARN or occurs twice."""
    for arns in (actions.ok, actions.alarm, actions.insufficient_data):
        for action in arns:
            if parse_arn(action) is None:
                raise ValidationFault(f"Invalid arn syntax: {action[:200]}")
        if len(set(arns)) < len(arns):
            raise ValidationFault("An alarm can have an action once for each state.")
    return actions


def checked_quota(ctx: Context, name: str, kind: str) -> None:
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
