"""The consequences of an alarm's evaluation: its record, its history, and the scaling policies among its actions.

Promise: a new state and its actions are one set of changes, so that no crash comes between them. An action that moyai
can't perform (a notification, a function) is recorded in the history as failed; CloudWatch, too, accepts any ARN.
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
from moyai.plan.alarms.evaluate import AlarmVerdict
from moyai.plan.alarms.history import HistoryEntry, append_history
from moyai.plan.scaling.policies import apply_policies


def change_state(world: World, alarm: Alarm, verdict: AlarmVerdict, now: Instant, ids: Ids) -> list[Change]:
    """Changes that give the alarm the state of the verdict, and carry out its actions."""
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
    entries = [HistoryEntry(HistoryType.STATE, f"Alarm updated from {alarm.state} to {after.state}", states)]
    changes: list[Change] = [Put(after)]
    policies: list[ScalingPolicy] = []
    for action in after.actions.of(after.state) if after.actions.enabled else ():
        policy = world.scaling_policies.get(action)
        if policy is None:
            entries.append(_failure(after, action))
            continue
        entries.append(
            HistoryEntry(HistoryType.ACTION, f"Successfully executed action {action}", _success(after, action))
        )
        policies.append(policy)
    return [
        *changes,
        *apply_policies(world, policies, after, now, ids),
        *append_history(world, after, tuple(entries), now, ids),
    ]


def repeat_actions(world: World, alarm: Alarm, verdict: AlarmVerdict, now: Instant, ids: Ids) -> list[Change]:
    """Changes of an alarm that keeps its state: scaling policies act in every period, on its new datapoints."""
    if verdict.state is not alarm.state or not alarm.actions.enabled:
        return []
    actions = (world.scaling_policies.get(action) for action in alarm.actions.of(alarm.state))
    policies = [policy for policy in actions if policy is not None]
    if not policies:
        return []
    after = replace(alarm, recent=verdict.recent)
    changes: list[Change] = [] if after == alarm else [Put(after)]
    return [*changes, *apply_policies(world, policies, after, now, ids)]


def _success(alarm: Alarm, action: str) -> Mapping[str, object]:
    return {"actionState": "Succeeded", "notificationResource": action, "stateValue": alarm.state}


def _failure(alarm: Alarm, action: str) -> HistoryEntry:
    service = action.split(":")[2] if action.count(":") > 1 else action
    error = f"moyai has no {service} that could perform this action."
    data = {"actionState": "Failed", "notificationResource": action, "stateValue": alarm.state, "error": error}
    return HistoryEntry(HistoryType.ACTION, f"Failed to execute action {action}. {error}", data)


def _state(alarm: Alarm) -> Mapping[str, object]:
    state_values: dict[str, object] = {"stateValue": alarm.state, "stateReason": alarm.reason}
    if alarm.reason_data:
        state_values["stateReasonData"] = msgspec.Raw(alarm.reason_data.encode())
    return state_values
