"""A composite alarm's state, from the alarms that its rule names.

Promise: an evaluated composite alarm is OK or ALARM, never INSUFFICIENT_DATA. An alarm that depends on itself keeps its
state. The reason names the child whose transition was the latest.
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
from moyai.plan.alarms.evaluate import AlarmVerdict


def evaluate_composite(world: World, alarm: Alarm, condition: CompositeCondition) -> AlarmVerdict | None:
    """The verdict; None when the alarm keeps its state."""
    if alarm.arn in alarms_beneath(world, condition.alarms):
        return None

    def state_of(arn: AlarmArn) -> AlarmState | None:
        child = world.alarms.get(arn)
        return None if child is None else child.state

    state = AlarmState.ALARM if parse_alarm_rule(condition.rule, scope_of(alarm.arn)).holds(state_of) else AlarmState.OK
    if state is alarm.state:
        return None
    children = [child for arn in condition.alarms if (child := world.alarms.get(arn)) is not None]
    latest = max(children, key=lambda child: child.transitioned_at, default=None)
    if latest is None or alarm.state is AlarmState.INSUFFICIENT_DATA:
        return AlarmVerdict(state, f"{alarm.arn} was created and its alarm rule evaluates to {state}", _data(()))
    when = wording.long_date(latest.transitioned_at)
    return AlarmVerdict(state, f"{latest.arn} transitioned to {latest.state} at {when}", _data((latest,)))


def alarms_beneath(world: World, alarms: tuple[AlarmArn, ...]) -> frozenset[AlarmArn]:
    """These alarms and all that their rules name, at any depth."""
    reached_alarms: set[AlarmArn] = set()
    remaining = list(alarms)
    while remaining:
        arn = remaining.pop()
        if arn not in reached_alarms:
            reached_alarms.add(arn)
            alarm = world.alarms.get(arn)
            if alarm is not None and isinstance(alarm.condition, CompositeCondition):
                remaining += alarm.condition.alarms
    return frozenset(reached_alarms)


def _data(triggers: tuple[Alarm, ...]) -> str:
    alarms = [
        {"arn": alarm.arn, "state": {"value": alarm.state, "timestamp": wording.stamp(alarm.transitioned_at)}}
        for alarm in triggers
    ]
    return msgspec.json.encode({"triggeringAlarms": alarms}).decode()
