"""Alarms: set the state, enable and disable actions, delete.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context, operation
from moyai.domain.cloudwatch.alarm import Alarm, AlarmState, CompositeCondition, alarm_arn
from moyai.domain.cloudwatch.errors import AlarmInUse, AlarmNotFound, InvalidFormat, ValidationFault
from moyai.domain.world import Change, Put
from moyai.plan.alarms.configuration import delete_alarm
from moyai.plan.alarms.evaluate import AlarmVerdict
from moyai.plan.scaling.alarm_actions import change_state

_RECENT_DATAPOINTS: Final = "recentDatapoints"


class SetAlarmStateRequest(msgspec.Struct, frozen=True):
    """Input of SetAlarmState; the state lasts until the next evaluation."""

    alarm_name: str
    state_value: str
    state_reason: str
    state_reason_data: str | None = None


class AlarmNamesRequest(msgspec.Struct, frozen=True):
    """The alarms whose actions to enable or disable, or which to delete."""

    alarm_names: tuple[str, ...]


@operation(input_fault=ValidationFault)
def set_alarm_state(ctx: Context, request: SetAlarmStateRequest) -> None:
    """Set the state of an alarm; its actions are performed when the state changes."""
    alarm = ctx.store.world.alarms.get(alarm_arn(ctx.scope, request.alarm_name))
    if alarm is None:
        raise AlarmNotFound(f"There is no alarm {request.alarm_name}.")
    state, data = AlarmState(request.state_value), request.state_reason_data
    verdict = AlarmVerdict(state, request.state_reason, data or "", _recent(data))
    changes = change_state(ctx.store.world, alarm, verdict, ctx.now, ctx.ids)
    if not changes:
        after = replace(alarm, reason=request.state_reason, reason_data=data, updated_at=ctx.now)
        changes = [Put(after)]
    ctx.store.apply(changes)


@operation(input_fault=ValidationFault)
def enable_alarm_actions(ctx: Context, request: AlarmNamesRequest) -> None:
    """Enable the actions of alarms; unknown names are ignored."""
    _switch(ctx, request, enabled=True)


@operation(input_fault=ValidationFault)
def disable_alarm_actions(ctx: Context, request: AlarmNamesRequest) -> None:
    """Disable the actions of alarms; unknown names are ignored."""
    _switch(ctx, request, enabled=False)


@operation(input_fault=ValidationFault)
def delete_alarms(ctx: Context, request: AlarmNamesRequest) -> None:
    """Delete alarms. Raises for unknown names after the others are deleted."""
    world = ctx.store.world
    names = dict.fromkeys(request.alarm_names)
    alarms = [alarm for name in names if (alarm := world.alarms.get(alarm_arn(ctx.scope, name))) is not None]
    composite = [alarm for alarm in alarms if isinstance(alarm.condition, CompositeCondition)]
    if len(composite) > 1:
        raise ValidationFault("DeleteAlarms can delete one composite alarm in a call.")
    deleted = {alarm.arn for alarm in alarms}
    for alarm in alarms:
        parents = [p.name for p in world.alarms.by("child", alarm.arn) if p.arn not in deleted]
        if parents or (alarm in composite and alarm in world.alarms.by("child", alarm.arn)):
            raise AlarmInUse(f"Alarm {alarm.name} is named in the rule of {', '.join(parents)[:500] or alarm.name}.")
    changes: list[Change] = []
    for alarm in alarms:
        changes += delete_alarm(world, alarm, ctx.now, ctx.ids)
    if changes:
        ctx.store.apply(changes)
    absent = names.keys() - {alarm.name for alarm in alarms}
    if absent:
        raise AlarmNotFound(f"There are no alarms {', '.join(sorted(absent))[:500]}.")


def _switch(ctx: Context, request: AlarmNamesRequest, *, enabled: bool) -> None:
    alarms = [ctx.store.world.alarms.get(alarm_arn(ctx.scope, name)) for name in dict.fromkeys(request.alarm_names)]
    changes = [_set_actions(alarm, enabled=enabled) for alarm in alarms if alarm is not None]
    if changes:
        ctx.store.apply(changes)


def _set_actions(alarm: Alarm, *, enabled: bool) -> Put:
    return Put(replace(alarm, actions=replace(alarm.actions, enabled=enabled)))


def _recent(data: str | None) -> tuple[float, ...]:
    """The recent datapoints in StateReasonData. Raises InvalidFormat."""
    if not data:
        return ()
    try:
        members = msgspec.json.decode(data)
        return msgspec.convert(
            members.get(_RECENT_DATAPOINTS, ()) if isinstance(members, dict) else (), tuple[float, ...]
        )
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidFormat("StateReasonData is not JSON, or its recentDatapoints are not numbers.") from error
