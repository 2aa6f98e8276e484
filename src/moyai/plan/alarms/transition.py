"""What follows from a verdict: the alarm's record, its history, and its actions.

Promise: a state and what is done about it are one set of changes, so that no crash comes between them. An action that
nothing here performs (a notification, a function) is told in the history as failed; CloudWatch, too, takes any ARN and
finds out later.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-actions.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import Alarm, HistoryType
from moyai.domain.world import Change, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.plan.alarms.evaluate import Verdict
from moyai.plan.alarms.history import Entry, told


def moved(world: World, alarm: Alarm, verdict: Verdict, now: Instant, ids: Ids) -> list[Change]:
    """The changes that give the alarm this state."""
    if verdict.state is alarm.state:
        return []
    after = replace(
        alarm,
        state=verdict.state,
        reason=verdict.reason,
        reason_data=verdict.data,
        updated_at=now,
        transitioned_at=now,
        recent=verdict.recent,
    )
    states = {"oldState": _state(alarm), "newState": _state(after)}
    entries = [Entry(HistoryType.STATE, f"Alarm updated from {alarm.state} to {after.state}", states)]
    if after.actions.enabled:
        entries += [_impossible(after, action) for action in after.actions.of(after.state)]
    return [Put(after), *told(world, after, tuple(entries), now, ids)]


def _impossible(alarm: Alarm, action: str) -> Entry:
    service = action.split(":")[2] if action.count(":") > 1 else action
    error = f"There is no {service} here that could act."
    data = {"actionState": "Failed", "notificationResource": action, "stateValue": alarm.state, "error": error}
    return Entry(HistoryType.ACTION, f"Failed to execute action {action}. {error}", data)


def _state(alarm: Alarm) -> Mapping[str, object]:
    told_of: dict[str, object] = {"stateValue": alarm.state, "stateReason": alarm.reason}
    if alarm.reason_data:
        told_of["stateReasonData"] = msgspec.Raw(alarm.reason_data.encode())
    return told_of
