"""What becomes of a service's scaling as time goes by: activities end, and all goes with the service.

Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.domain.autoscaling.activity import ActivityStatus, ScalingActivity
from moyai.domain.autoscaling.policy import ScalingPolicy
from moyai.domain.autoscaling.scheduled import ScheduledAction
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan.action import Plan, earliest, plan
from moyai.plan.scaling.change import Move, ended, open_activities, scaled
from moyai.plan.scaling.schedule import next_time
from moyai.plan.scaling.tracking import without_alarms

PATIENCE: Final = 1800
"""Seconds until an activity counts as unfulfilled."""


def plan_scaling(world: World, service_arn: ServiceArn, now: Instant, ids: Ids) -> Plan:
    """What is to be written down for this service now, and when to ask again."""
    target, service = world.scalable_targets.get(service_arn), world.services.get(service_arn)
    if service is None or service.status is not ServiceStatus.ACTIVE:
        gone = [] if target is None else deregistered(world, target, now, ids)
        return plan(gone)
    due = [] if target is None else _carried_out(world, target, now, ids)
    if due:
        return plan(due, wake_at=now)
    changes: list[Change] = []
    actions = world.scheduled_actions.by("service", service_arn)
    wake_at = earliest(*(action.next_at for action in actions))
    for activity in open_activities(world, service):
        status = _status(world, service, activity, now)
        if status is None:
            wake_at = earliest(wake_at, later(activity.started_at, PATIENCE))
        else:
            changes.append(Put(ended(activity, status, now)))
    return plan(changes, wake_at=wake_at)


def bounded(world: World, target: ScalableTarget, cause: str, now: Instant, ids: Ids) -> list[Change]:
    """The changes that bring the service within its target's bounds; none when it is."""
    service = world.services.get(target.service)
    if service is None or service.status is not ServiceStatus.ACTIVE:
        return []
    capacity = min(max(service.desired_count, target.min_capacity), target.max_capacity)
    return [] if capacity == service.desired_count else scaled(world, service, Move(capacity, cause), now, ids)


def deregistered(world: World, target: ScalableTarget, now: Instant, ids: Ids) -> list[Change]:
    """The changes that take a target away, with all that was for it; what it did stays on record."""
    changes: list[Change] = [Delete(ScalableTarget, target.key)]
    changes += [Delete(ScheduledAction, one.arn) for one in world.scheduled_actions.by("service", target.service)]
    for policy in world.scaling_policies.by("service", target.service):
        changes += removed_policy(world, policy, now, ids)
    return changes


def removed_policy(world: World, policy: ScalingPolicy, now: Instant, ids: Ids) -> list[Change]:
    """The changes that take a policy away, with the alarms that were made for it."""
    return [Delete(ScalingPolicy, policy.arn), *without_alarms(world, policy, now, ids)]


def cause_of(before: ScalableTarget | None, after: ScalableTarget) -> str:
    """Why new bounds change a count, in AWS's words."""
    told = [
        f"{which} capacity was set to {now}"
        for which, now, was in (
            ("minimum", after.min_capacity, before and before.min_capacity),
            ("maximum", after.max_capacity, before and before.max_capacity),
        )
        if now != was
    ]
    return " and ".join(told) or f"capacity was set within {after.min_capacity} and {after.max_capacity}"


def _carried_out(world: World, target: ScalableTarget, now: Instant, ids: Ids) -> list[Change]:
    """The changes of the scheduled action that has been due the longest; one that was missed is done late, once."""
    actions = world.scheduled_actions.by("service", target.service)
    due = [(action.next_at, action.name, action) for action in actions if action.next_at is not None]
    first = min(due, default=None)
    if first is None or first[0] > now:
        return []
    action = first[2]
    changes: list[Change] = [Put(replace(action, next_at=next_time(action, now)))]
    if target.suspended.scheduled_scaling_suspended:
        return changes
    after = _with_bounds(target, action)
    return [*changes, Put(after), *bounded(world, after, cause_of(target, after), now, ids)]


def _with_bounds(target: ScalableTarget, action: ScheduledAction) -> ScalableTarget:
    """The target with the action's bounds; the bound that it leaves gives way."""
    least = target.min_capacity if action.min_capacity is None else action.min_capacity
    most = target.max_capacity if action.max_capacity is None else action.max_capacity
    if action.min_capacity is None:
        least = min(least, most)
    return replace(target, min_capacity=least, max_capacity=max(least, most))


def _status(world: World, service: Service, activity: ScalingActivity, now: Instant) -> ActivityStatus | None:
    if service.desired_count != activity.desired:
        return ActivityStatus.OVERRIDDEN
    running = sum(task.last_status is TaskStatus.RUNNING for task in world.tasks.by("service", service.arn))
    if running == activity.desired:
        return ActivityStatus.SUCCESSFUL
    return ActivityStatus.UNFULFILLED if now >= activity.started_at + PATIENCE else None
