"""The configuration of alarms: creates an alarm, or changes an existing one, which keeps its state.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import (
    Alarm,
    AlarmActions,
    AlarmEvent,
    CompositeCondition,
    HistoryType,
    MetricCondition,
    alarm_arn,
)
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.kernel.scope import Scope
from moyai.plan.alarms.history import HistoryEntry, append_history


class AlarmConfiguration(msgspec.Struct, frozen=True):
    """The settings of an alarm, without its state. ``tags`` apply only when the alarm is created."""

    name: str
    condition: MetricCondition | CompositeCondition
    actions: AlarmActions = AlarmActions()
    description: str | None = None
    tags: Mapping[str, str] = {}


def put_alarm(world: World, scope: Scope, configuration: AlarmConfiguration, now: Instant, ids: Ids) -> list[Change]:
    """Changes that create the alarm, or give it this configuration."""
    arn = alarm_arn(scope, configuration.name)
    existing = world.alarms.get(arn)
    if existing is None:
        alarm = Alarm(arn, configuration.name, configuration.condition, now, now, now, tags=configuration.tags)
    else:
        alarm = replace(existing, condition=configuration.condition, configured_at=now)
    alarm = replace(alarm, actions=configuration.actions, description=configuration.description)
    verb = "created" if existing is None else "updated"
    return [Put(alarm), *append_history(world, alarm, (_entry(alarm, verb),), now, ids)]


def delete_alarm(world: World, alarm: Alarm, now: Instant, ids: Ids) -> list[Change]:
    """Changes that delete the alarm; its history stays."""
    return [Delete(Alarm, alarm.arn), *append_history(world, alarm, (_entry(alarm, "deleted"),), now, ids)]


def delete_history_before(world: World, before: Instant) -> list[Change]:
    """Changes that delete all history entries before this time."""
    return [Delete(AlarmEvent, event.key) for event in world.alarm_history if event.at < before]


def _entry(alarm: Alarm, verb: str) -> HistoryEntry:
    values = {"alarmName": alarm.name, "alarmArn": alarm.arn, "stateValue": alarm.state}
    if alarm.description is not None:
        values["alarmDescription"] = alarm.description
    kind = {"created": "Create", "updated": "Update", "deleted": "Delete"}[verb]
    return HistoryEntry(
        HistoryType.CONFIGURATION, f'Alarm "{alarm.name}" {verb}', {"type": kind, f"{verb}Alarm": values}
    )
