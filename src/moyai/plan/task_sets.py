"""The task sets of a service with the EXTERNAL controller.

Promise: each has its scale's share of desiredCount, whatever the others have, and is kept at that like a service of
its own, on what it was made for; constraints and strategies of placement are the service's. Who is PRIMARY changes
nothing about it. One that is deleted leaves the list with its last task. Nothing is completed, rolled back or moved
between zones: a deployment is what its owner makes of these.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-external.html
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from moyai.domain.ecs.service import Deployment, DeploymentStatus, Service
from moyai.domain.ecs.task_set import StabilityStatus, TaskSet, computed_count
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.plan import events
from moyai.plan.rollout import Roll, of
from moyai.plan.turn import Turn


def rolls(roll: Roll) -> tuple[Roll, ...]:
    """The service's tasks by task set, each with the count that its scale makes."""
    return tuple(_own(roll, deployment) for deployment in roll.service.deployments)


def advance(
    world: World, service: Service, made: Sequence[Turn], now: Instant
) -> tuple[Service, list[events.OfTaskSet]]:
    """The service after these turns, and which of its task sets have just become steady."""
    there = {t.deployment for t in world.tasks.by("service", service.arn) if not t.stopped}
    kept: list[Deployment] = []
    steady: list[events.OfTaskSet] = []
    for turn in made:
        before = turn.roll.service.primary
        if before.status is DeploymentStatus.DRAINING and before.id not in there:
            continue
        after = _counted(turn, now)
        kept.append(after)
        if _is_steady(after) and not _is_steady(before):
            steady.append(events.OfTaskSet(after.id, events.STEADY))
    return replace(service, deployments=tuple(kept)), steady


def _own(roll: Roll, deployment: Deployment) -> Roll:
    known = deployment.task_set or TaskSet()
    return Roll(
        service=replace(
            roll.service,
            deployments=(deployment,),
            desired_count=computed_count(roll.service.desired_count, known.scale),
            launch_type=known.launch_type,
            capacity_provider_strategy=known.capacity_provider_strategy,
        ),
        healthy=tuple(of(deployment, roll.healthy)),
        unhealthy=tuple(of(deployment, roll.unhealthy)),
        coming=tuple(of(deployment, roll.coming)),
        leaving=tuple(of(deployment, roll.leaving)),
        protected=roll.protected,
        standings=roll.standings,
    )


def _counted(turn: Turn, now: Instant) -> Deployment:
    roll, deployment = turn.roll, turn.roll.service.primary
    count = roll.service.desired_count
    stays = all(roll.keeps(t) for t in roll.alive)
    rests = stays and not turn.moves and not roll.leaving and len(roll.healthy) == len(roll.alive) == count
    status = StabilityStatus.STEADY_STATE if rests else StabilityStatus.STABILIZING
    known = deployment.task_set or TaskSet()
    if status is not known.stability_status:
        known = replace(known, stability_status=status, stability_at=now)
    return replace(deployment, desired_count=count, task_set=known)


def _is_steady(deployment: Deployment) -> bool:
    known = deployment.task_set
    return known is not None and known.stability_status is StabilityStatus.STEADY_STATE
