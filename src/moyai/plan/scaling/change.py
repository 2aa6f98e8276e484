"""A new desired count, with all that is told of it.

Promise: the count, the service's event and the activity are one set of changes, so no crash comes between them and
nothing is done twice. The newest hundred activities of a service are kept, for six weeks.
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

KEPT: Final = 42 * 24 * 3600
"""Seconds."""
_MOST: Final = 100


class Move(msgspec.Struct, frozen=True):
    """What is to be done, and on whose account."""

    capacity: int
    cause: str
    policy: ScalingPolicyArn | None = None
    cooldown: int = 0
    base: int = 0
    """What the next addition is reckoned from, while the cooldown lasts."""


def scaled(world: World, service: Service, move: Move, now: Instant, ids: Ids) -> list[Change]:
    """The changes that give the service its new count."""
    done = f"Successfully set desired count to {move.capacity}. Waiting for change to be fulfilled by ecs."
    activity = ScalingActivity(
        id=ids.uuid(),
        arn=service.arn,
        started_at=now,
        description=f"Setting desired count to {move.capacity}.",
        cause=move.cause,
        before=service.desired_count,
        desired=move.capacity,
        status=ActivityStatus.IN_PROGRESS,
        message=done,
        policy=move.policy,
        cooldown=move.cooldown,
        base=move.base,
    )
    event = f"Message: {done} Cause: {move.cause}"
    return [
        Put(replace(service, desired_count=move.capacity)),
        *announce(world, service.arn, [event], now, ids),
        *(Put(ended(one, ActivityStatus.OVERRIDDEN, now)) for one in open_activities(world, service)),
        *_kept(world, service, activity, now),
    ]


def unscaled(world: World, service: Service, move: Move, why: NotScaled, now: Instant, ids: Ids) -> list[Change]:
    """The changes that tell that nothing was done; none when that was the last that was told."""
    newest = max(world.scaling_activities.by("service", service.arn), key=lambda one: one.started_at, default=None)
    told = None if newest is None or newest.not_scaled is None else (newest.policy, newest.not_scaled.code)
    if told == (move.policy, why.code):
        return []
    activity = ScalingActivity(
        id=ids.uuid(),
        arn=service.arn,
        started_at=now,
        description="Attempting to scale due to alarm triggered",
        cause=move.cause,
        before=service.desired_count,
        desired=service.desired_count,
        status=ActivityStatus.FAILED,
        ended_at=now,
        policy=move.policy,
        not_scaled=why,
    )
    return _kept(world, service, activity, now)


def open_activities(world: World, service: Service) -> Sequence[ScalingActivity]:
    """Those that the service hasn't come to yet; there is at most one."""
    activities = world.scaling_activities.by("service", service.arn)
    return [one for one in activities if one.status is ActivityStatus.IN_PROGRESS]


def ended(activity: ScalingActivity, status: ActivityStatus, now: Instant) -> ScalingActivity:
    """The activity at its end."""
    set_to = f"Successfully set desired count to {activity.desired}."
    message = {
        ActivityStatus.SUCCESSFUL: f"{set_to} Change successfully fulfilled by ecs.",
        ActivityStatus.OVERRIDDEN: f"{set_to} Change was overridden by a newer one.",
    }.get(status, f"{set_to} Change could not be fulfilled by ecs in time.")
    return replace(activity, status=status, message=message, ended_at=now)


def _kept(world: World, service: Service, activity: ScalingActivity, now: Instant) -> list[Change]:
    had = world.scaling_activities.by("service", service.arn)
    many = len(had) + 1 - _MOST
    dropped = [one for place, one in enumerate(had) if place < many or one.started_at < now - KEPT]
    return [*(Delete(ScalingActivity, one.id) for one in dropped), Put(activity)]
