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

from moyai.domain.autoscaling.policy import ScalingPolicy
from moyai.domain.cloudwatch.alarm import Alarm, HistoryType
from moyai.domain.world import Change, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.plan.alarms.evaluate import Verdict
from moyai.plan.alarms.history import Entry, told
from moyai.plan.scaling.react import reacted


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
    changes: list[Change] = [Put(after)]
    acting: list[ScalingPolicy] = []
    for action in after.actions.of(after.state) if after.actions.enabled else ():
        policy = world.scaling_policies.get(action)
        if policy is None:
            entries.append(_impossible(after, action))
            continue
        entries.append(Entry(HistoryType.ACTION, f"Successfully executed action {action}", _acted(after, action)))
        acting.append(policy)
    return [*changes, *reacted(world, acting, after, now, ids), *told(world, after, tuple(entries), now, ids)]


def stayed(world: World, alarm: Alarm, verdict: Verdict, now: Instant, ids: Ids) -> list[Change]:
    """The changes when the alarm is in its state still: scaling policies act in every period, on its new datapoints."""
    if verdict.state is not alarm.state or not alarm.actions.enabled:
        return []
    named = [world.scaling_policies.get(action) for action in alarm.actions.of(alarm.state)]
    policies = [policy for policy in named if policy is not None]
    if not policies:
        return []
    after = replace(alarm, recent=verdict.recent)
    changes: list[Change] = [] if after == alarm else [Put(after)]
    return [*changes, *reacted(world, policies, after, now, ids)]


def _acted(alarm: Alarm, action: str) -> Mapping[str, object]:
    return {"actionState": "Succeeded", "notificationResource": action, "stateValue": alarm.state}


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
