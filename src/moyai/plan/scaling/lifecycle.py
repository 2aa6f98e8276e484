"""A service's scaling over time: scheduled actions, the end of activities, and deletion together with the service.

Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.domain.autoscaling.activity import ActivityStatus, ScalingActivity
from moyai.domain.autoscaling.policy import ScalingPolicy
from moyai.domain.autoscaling.target import ScalableTarget, ScheduledAction
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.world import Change, Delete, Put, World
from moyai.expressions.schedule import next_time
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ServiceArn
from moyai.plan.action import Plan, earliest, plan
from moyai.plan.scaling.activity import CapacityChange, finish_activity, open_activities, scale_service
from moyai.plan.scaling.tracking import delete_tracking_alarms

FULFILMENT_LIMIT: Final = 1800
"""Seconds after which an activity counts as unfulfilled."""


def plan_scaling(world: World, service_arn: ServiceArn, now: Instant, ids: Ids) -> Plan:
    """The next changes of one service's scaling, and when to plan again."""
    target, service = world.scalable_targets.get(service_arn), world.services.get(service_arn)
    if service is None or service.status is not ServiceStatus.ACTIVE:
        return plan([] if target is None else deregister_target(world, target, now, ids))
    due = [] if target is None else _apply_due_action(world, target, now, ids)
    if due:
        return plan(due, wake_at=now)
    changes: list[Change] = []
    actions = world.scheduled_actions.by("service", service_arn)
    wake_at = earliest(*(action.next_at for action in actions))
    for activity in open_activities(world, service):
        status = _status(world, service, activity, now)
        if status is None:
            wake_at = earliest(wake_at, later(activity.started_at, FULFILMENT_LIMIT))
        else:
            changes.append(Put(finish_activity(activity, status, now)))
    return plan(changes, wake_at=wake_at)


def enforce_bounds(world: World, target: ScalableTarget, cause: str, now: Instant, ids: Ids) -> list[Change]:
    """Changes that bring the service's count within its target's bounds; none when the count is within them."""
    service = world.services.get(target.service)
    if service is None or service.status is not ServiceStatus.ACTIVE:
        return []
    capacity = min(max(service.desired_count, target.min_capacity), target.max_capacity)
    return (
        []
        if capacity == service.desired_count
        else scale_service(world, service, CapacityChange(capacity, cause), now, ids)
    )


def deregister_target(world: World, target: ScalableTarget, now: Instant, ids: Ids) -> list[Change]:
    """Changes that delete a target with its policies and scheduled actions; its activities stay."""
    changes: list[Change] = [Delete(ScalableTarget, target.key)]
    changes += [Delete(ScheduledAction, action.arn) for action in world.scheduled_actions.by("service", target.service)]
    for policy in world.scaling_policies.by("service", target.service):
        changes += delete_policy(world, policy, now, ids)
    return changes


def delete_policy(world: World, policy: ScalingPolicy, now: Instant, ids: Ids) -> list[Change]:
    """Changes that delete a policy and the alarms that were created for it."""
    return [Delete(ScalingPolicy, policy.arn), *delete_tracking_alarms(world, policy, now, ids)]


def cause_of_bounds(before: ScalableTarget | None, after: ScalableTarget) -> str:
    """The cause of a count that new bounds change, in AWS's words."""
    changed_bounds = [
        f"{bound_name} capacity was set to {value}"
        for bound_name, value, previous in (
            ("minimum", after.min_capacity, before and before.min_capacity),
            ("maximum", after.max_capacity, before and before.max_capacity),
        )
        if value != previous
    ]
    return " and ".join(changed_bounds) or f"capacity was set within {after.min_capacity} and {after.max_capacity}"


def _apply_due_action(world: World, target: ScalableTarget, now: Instant, ids: Ids) -> list[Change]:
    """Changes of the scheduled action that has been due the longest; a missed action is carried out late, once."""
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
    return [*changes, Put(after), *enforce_bounds(world, after, cause_of_bounds(target, after), now, ids)]


def _with_bounds(target: ScalableTarget, action: ScheduledAction) -> ScalableTarget:
    """The target with the action's bounds; a bound that the action leaves out gives way to the other."""
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
    return ActivityStatus.UNFULFILLED if now >= activity.started_at + FULFILMENT_LIMIT else None
