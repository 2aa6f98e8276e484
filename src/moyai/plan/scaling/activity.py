"""Scaling activities: a service's new desired count, with its event and its activity.

Promise: the count, the service's event and the activity are one set of changes, so that no crash comes between them and
no count changes twice. The newest hundred activities of a service are kept for six weeks.
Source: https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.autoscaling.activity import ActivityStatus, NotScaled, ScalingActivity
from moyai.domain.ecs.service import Service
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids, ScalingPolicyArn
from moyai.plan.events import announce

ACTIVITIES_KEPT: Final = 42 * 24 * 3600
"""Seconds for which an activity is kept."""
_MAX_ACTIVITIES: Final = 100


class CapacityChange(msgspec.Struct, frozen=True):
    """A change of a service's desired count, with its cause and the policy that asks for it."""

    capacity: int
    cause: str
    policy: ScalingPolicyArn | None = None
    cooldown: int = 0
    base: int = 0
    """The count on which the next addition is based while the cooldown lasts."""


def scale_service(world: World, service: Service, change: CapacityChange, now: Instant, ids: Ids) -> list[Change]:
    """Changes that give the service its new count."""
    success_text = f"Successfully set desired count to {change.capacity}. Waiting for change to be fulfilled by ecs."
    activity = ScalingActivity(
        id=ids.uuid(),
        arn=service.arn,
        started_at=now,
        description=f"Setting desired count to {change.capacity}.",
        cause=change.cause,
        before=service.desired_count,
        desired=change.capacity,
        status=ActivityStatus.IN_PROGRESS,
        message=success_text,
        policy=change.policy,
        cooldown=change.cooldown,
        base=change.base,
    )
    event = f"Message: {success_text} Cause: {change.cause}"
    return [
        Put(replace(service, desired_count=change.capacity)),
        *announce(world, service.arn, [event], now, ids),
        *(Put(finish_activity(other, ActivityStatus.OVERRIDDEN, now)) for other in open_activities(world, service)),
        *_append(world, service, activity, now),
    ]


def record_not_scaled(
    world: World, service: Service, change: CapacityChange, why: NotScaled, now: Instant, ids: Ids
) -> list[Change]:
    """Changes that record why the count stays; none when the last activity records the same reason."""
    newest = max(
        world.scaling_activities.by("service", service.arn), key=lambda activity: activity.started_at, default=None
    )
    newest_cause = None if newest is None or newest.not_scaled is None else (newest.policy, newest.not_scaled.code)
    if newest_cause == (change.policy, why.code):
        return []
    activity = ScalingActivity(
        id=ids.uuid(),
        arn=service.arn,
        started_at=now,
        description="Attempting to scale due to alarm triggered",
        cause=change.cause,
        before=service.desired_count,
        desired=service.desired_count,
        status=ActivityStatus.FAILED,
        ended_at=now,
        policy=change.policy,
        not_scaled=why,
    )
    return _append(world, service, activity, now)


def open_activities(world: World, service: Service) -> Sequence[ScalingActivity]:
    """The activities whose count the service has not reached yet; at most one."""
    activities = world.scaling_activities.by("service", service.arn)
    return [activity for activity in activities if activity.status is ActivityStatus.IN_PROGRESS]


def finish_activity(activity: ScalingActivity, status: ActivityStatus, now: Instant) -> ScalingActivity:
    """The activity with its final status."""
    set_to = f"Successfully set desired count to {activity.desired}."
    message = {
        ActivityStatus.SUCCESSFUL: f"{set_to} Change successfully fulfilled by ecs.",
        ActivityStatus.OVERRIDDEN: f"{set_to} Change was overridden by a newer one.",
    }.get(status, f"{set_to} Change could not be fulfilled by ecs in time.")
    return replace(activity, status=status, message=message, ended_at=now)


def _append(world: World, service: Service, activity: ScalingActivity, now: Instant) -> list[Change]:
    stored_activities = world.scaling_activities.by("service", service.arn)
    surplus = len(stored_activities) + 1 - _MAX_ACTIVITIES
    oldest = now - ACTIVITIES_KEPT
    old = [other for place, other in enumerate(stored_activities) if place < surplus or other.started_at < oldest]
    return [*(Delete(ScalingActivity, other.id) for other in old), Put(activity)]
