"""Which tasks a service starts now.

Promise: never more than the ceiling allows, counting what stays; never before the back-off of a
deployment whose tasks don't start, and never of one that has failed. While a deployment fails, and after it has, the
one before it keeps the floor: what dies of it is replaced by its like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.task import Task
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.plan.launch import LaunchRequest, NoRoom, launch
from moyai.plan.placement.batch import Batch
from moyai.plan.placement.reasons import Unplaced
from moyai.plan.rollout import Bounds, Roll, not_of


class Launches(msgspec.Struct, frozen=True):
    """New tasks. ``missing``: what the newest deployment lacks; ``room``: how many more the ceiling allows
    after those; ``no_room``: what there is to say of a task that found no place.
    """

    tasks: tuple[Task, ...]
    missing: int
    room: int
    no_room: str | None = None


class Moment(NamedTuple):
    """What a launch depends on beside the service: the world, and the tasks made in the same breath."""

    world: World
    now: Instant
    ids: Ids
    batch: tuple[Task, ...] = ()


def launches(moment: Moment, roll: Roll, limits: Bounds, stops: Sequence[Task]) -> Launches:
    """What to start, after ``stops`` are gone."""
    world, now, ids, before = moment
    stopping = {t.arn for t in stops}
    room = max(0, limits.ceiling - sum(t.arn not in stopping for t in roll.alive))
    good = [t for t in (*roll.healthy, *roll.coming) if t.arn not in stopping]
    primary = roll.service.primary
    missing = 0 if primary.halted else max(0, roll.service.desired_count - sum(roll.keeps(t) for t in good))
    wanted = [primary] * min(missing, room) if now >= primary.retry_at else []
    wanted += held(roll, limits, good, room - len(wanted), now)
    tasks: list[Task] = []
    batch, no_room = Batch(world, before), None
    try:
        for deployment in wanted:
            tasks.append(launch(world, request_of(world, roll.service, deployment), now, ids, batch))
            batch.add(tasks[-1])
    except (NoRoom, Unplaced) as full:
        no_room = full.event
    return Launches(tuple(tasks), missing, 0 if primary.halted else room - len(tasks), no_room)


def held(roll: Roll, limits: Bounds, good: Sequence[Task], room: int, now: Instant) -> list[Deployment]:
    """The former deployment, once for each task it must replace while the newest one fails."""
    newest, *others = roll.service.deployments
    former = next((d for d in others if not d.halted), None)
    if not (newest.failed_tasks or newest.halted) or former is None or now < former.retry_at:
        return []
    counted = sum(t in good for t in roll.healthy) + len(
        not_of(roll.service.primary, [t for t in roll.coming if t in good])
    )
    return [former] * max(0, min(limits.floor - counted, room))


def request_of(world: World, service: Service, deployment: Deployment) -> LaunchRequest:
    """What is asked of a new task of this deployment."""
    definition = world.task_definitions[deployment.task_definition]
    network = deployment.network_configuration
    return LaunchRequest(
        cluster=service.cluster,
        definition=definition,
        group=f"service:{service.name}",
        network=None if network is None else network.awsvpc_configuration,
        service=service.arn,
        deployment=deployment.id,
        pool=deployment.pool,
        view=deployment.view,
        service_registries=deployment.service_registries,
        started_by=deployment.id,
        launch_type=service.launch_type,
        enable_execute_command=service.enable_execute_command,
        providers=service.capacity_provider_strategy,
        constraints=service.placement_constraints,
        strategy=service.placement_strategy,
        tags=_tags(service, definition),
    )


def _tags(service: Service, definition: TaskDefinition) -> Mapping[str, str]:
    propagated = {"SERVICE": service.tags, "TASK_DEFINITION": definition.tags}.get(service.propagate_tags, {})
    if not service.enable_ecs_managed_tags:
        return propagated
    cluster = service.cluster.rpartition("/")[2]
    return {**propagated, "aws:ecs:clusterName": cluster, "aws:ecs:serviceName": service.name}
