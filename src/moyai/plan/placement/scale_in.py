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
from moyai.plan.placement.resources import left_of
from moyai.plan.placement.spread import field_of


class Standing(NamedTuple):
    """Where a task stands: the values that its service is spread by, what is left there, and its instance."""

    spread: tuple[str, ...]
    left: int
    instance: str
    leaves: bool
    """Its instance is DRAINING, or gone."""


def standings(world: World, service: Service, tasks: Iterable[Task]) -> Mapping[TaskArn, Standing]:
    """Of the tasks that are on container instances."""
    placed = [(t, world.container_instances.get(t.container_instance)) for t in tasks if t.container_instance]
    instances = {one.arn: one for _, one in placed if one is not None}
    known = {arn: _standing(world, service, one) for arn, one in instances.items()}
    return {task.arn: known[one.arn] for task, one in placed if one is not None}


def _standing(world: World, service: Service, instance: ContainerInstance) -> Standing:
    packed = next((s for s in service.placement_strategy if s.type == BINPACK), None)
    left = None if packed is None else left_of(world, instance)
    field = "" if packed is None else (packed.field or "").lower()
    return Standing(
        spread=tuple(field_of(instance, s) for s in service.placement_strategy if s.type == SPREAD),
        left=0 if left is None else left.memory if field == "memory" else left.cpu,
        instance=instance.arn,
        leaves=instance.status is not ContainerInstanceStatus.ACTIVE,
    )
