"""A composite alarm's state from those that its rule names.

Promise: OK or ALARM, never INSUFFICIENT_DATA once it has been evaluated. Alarms that depend on themselves are left as
they are. The reason names the alarm whose change the rule turned on.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, CompositeCondition
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.expressions.alarm_rule import parse_alarm_rule
from moyai.kernel.ids import AlarmArn
from moyai.plan.alarms import wording
from moyai.plan.alarms.evaluate import Verdict


def evaluate_composite(world: World, alarm: Alarm, condition: CompositeCondition) -> Verdict | None:
    """The verdict; None when the alarm stays as it is."""
    if alarm.arn in beneath(world, condition.alarms):
        return None

    def state_of(arn: AlarmArn) -> AlarmState | None:
        found = world.alarms.get(arn)
        return None if found is None else found.state

    state = AlarmState.ALARM if parse_alarm_rule(condition.rule, scope_of(alarm.arn)).holds(state_of) else AlarmState.OK
    if state is alarm.state:
        return None
    children = [child for arn in condition.alarms if (child := world.alarms.get(arn)) is not None]
    latest = max(children, key=lambda child: child.transitioned_at, default=None)
    if latest is None or alarm.state is AlarmState.INSUFFICIENT_DATA:
        return Verdict(state, f"{alarm.arn} was created and its alarm rule evaluates to {state}", _data(()))
    when = wording.long_date(latest.transitioned_at)
    return Verdict(state, f"{latest.arn} transitioned to {latest.state} at {when}", _data((latest,)))


def beneath(world: World, alarms: tuple[AlarmArn, ...]) -> frozenset[AlarmArn]:
    """These alarms and all that their rules name, however far down."""
    found: set[AlarmArn] = set()
    left = list(alarms)
    while left:
        arn = left.pop()
        if arn not in found:
            found.add(arn)
            alarm = world.alarms.get(arn)
            if alarm is not None and isinstance(alarm.condition, CompositeCondition):
                left += alarm.condition.alarms
    return frozenset(found)


def _data(triggers: tuple[Alarm, ...]) -> str:
    told = [
        {"arn": one.arn, "state": {"value": one.state, "timestamp": wording.stamp(one.transitioned_at)}}
        for one in triggers
    ]
    return msgspec.json.encode({"triggeringAlarms": told}).decode()
