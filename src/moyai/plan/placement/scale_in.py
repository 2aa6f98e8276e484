"""From where a service's tasks are taken away: the mirror of how they are placed.

Promise: from the value of each spread field that has most, then, where the strategy packs, from the instance with most
left, then from the fullest zone and there from the instance that has most.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.placement import BINPACK, SPREAD
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import TaskArn
from moyai.plan.placement.daemons import hosted
from moyai.plan.placement.resources import left_of, tasks_on
from moyai.plan.placement.spread import field_of


class Standing(NamedTuple):
    """Where a task stands: the values that its service is spread by, what is left there, and its instance."""

    spread: tuple[str, ...]
    left: int
    instance: str
    leaves: bool
    """It can't stay: its instance is DRAINING or gone, or for a DAEMON service is none of its own any more."""


def standings(world: World, service: Service, tasks: Iterable[Task]) -> Mapping[TaskArn, Standing]:
    """Of the tasks that are on container instances."""
    placed = [(t, world.container_instances.get(t.container_instance)) for t in tasks if t.container_instance]
    instances = {one.arn: one for _, one in placed if one is not None}
    staying = {i.arn for i in _staying(world, service, instances.values())}
    known = {arn: _standing(world, service, one, leaves=arn not in staying) for arn, one in instances.items()}
    return {task.arn: known[one.arn] for task, one in placed if one is not None}


def _staying(world: World, service: Service, instances: Iterable[ContainerInstance]) -> Iterable[ContainerInstance]:
    """Those of the instances on which the service's tasks can stay."""
    if service.is_daemon:
        return [one for one in instances if hosted(world, service, one, tasks_on(world, one))]
    return [one for one in instances if one.status is ContainerInstanceStatus.ACTIVE]


def _standing(world: World, service: Service, instance: ContainerInstance, *, leaves: bool) -> Standing:
    packed = next((s for s in service.placement_strategy if s.type == BINPACK), None)
    left = None if packed is None else left_of(world, instance)
    field = "" if packed is None else (packed.field or "").lower()
    return Standing(
        spread=tuple(field_of(instance, s) for s in service.placement_strategy if s.type == SPREAD),
        left=0 if left is None else left.memory if field == "memory" else left.cpu,
        instance=instance.arn,
        leaves=leaves,
    )
