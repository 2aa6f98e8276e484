"""An alarm as it is put: new, or another configuration for one that keeps its state.

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
from moyai.plan.alarms.history import Entry, told


class Configuration(msgspec.Struct, frozen=True):
    """All of an alarm but its state. ``tags`` are taken when it is new."""

    name: str
    condition: MetricCondition | CompositeCondition
    actions: AlarmActions = AlarmActions()
    description: str | None = None
    tags: Mapping[str, str] = {}


def configured(world: World, scope: Scope, wanted: Configuration, now: Instant, ids: Ids) -> list[Change]:
    """The changes that make the alarm, or give it this configuration."""
    arn = alarm_arn(scope, wanted.name)
    before = world.alarms.get(arn)
    if before is None:
        alarm = Alarm(arn, wanted.name, wanted.condition, now, now, now, tags=wanted.tags)
    else:
        alarm = replace(before, condition=wanted.condition, configured_at=now)
    alarm = replace(alarm, actions=wanted.actions, description=wanted.description)
    what = "created" if before is None else "updated"
    return [Put(alarm), *told(world, alarm, (_entry(alarm, what),), now, ids)]


def removed(world: World, alarm: Alarm, now: Instant, ids: Ids) -> list[Change]:
    """The changes that take the alarm away; its history stays."""
    return [Delete(Alarm, alarm.arn), *told(world, alarm, (_entry(alarm, "deleted"),), now, ids)]


def outlived(world: World, before: Instant) -> list[Change]:
    """The changes that drop the history that is older."""
    return [Delete(AlarmEvent, one.key) for one in world.alarm_history if one.at < before]


def _entry(alarm: Alarm, what: str) -> Entry:
    known = {"alarmName": alarm.name, "alarmArn": alarm.arn, "stateValue": alarm.state}
    if alarm.description is not None:
        known["alarmDescription"] = alarm.description
    kind = {"created": "Create", "updated": "Update", "deleted": "Delete"}[what]
    return Entry(HistoryType.CONFIGURATION, f'Alarm "{alarm.name}" {what}', {"type": kind, f"{what}Alarm": known})
