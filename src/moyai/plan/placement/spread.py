"""The places of a service's tasks, which determine the order in which the tasks stop.

Promise: tasks stop first where the value of a spread field has the most of them, then, where the strategy is binpack,
on the instance with the most free resources, then in the zone and there on the instance with the most tasks.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-strategies.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus
from moyai.domain.ecs.placement import BINPACK, SPREAD, PlacementStrategy
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import TaskArn
from moyai.plan.placement.daemons import is_daemon_host
from moyai.plan.placement.resources import remaining_resources, tasks_on

INSTANCE_FIELDS = frozenset({"instanceid", "host"})


def spread_value(instance: ContainerInstance, strategy: PlacementStrategy) -> str:
    """The instance's value of the strategy's field; empty where it has none."""
    field = strategy.field or ""
    if field.lower() in INSTANCE_FIELDS:
        return instance.arn
    name = field.removeprefix("attribute:")
    return next((a.value or "" for a in instance.attributes if a.name == name), "")


class TaskPlacement(NamedTuple):
    """The place of a task on a container instance."""

    spread: tuple[str, ...]
    """The values of the fields over which its service is spread."""
    free: int
    """The free amount, on its instance, of the resource by which its service is packed."""
    instance: str
    must_leave: bool
    """Whether the task can't stay: its instance is DRAINING or gone, or is no longer one of its DAEMON service's."""


def task_placements(world: World, service: Service, tasks: Iterable[Task]) -> Mapping[TaskArn, TaskPlacement]:
    """The places of those of the service's tasks that are on container instances."""
    pairs = [(t, world.container_instances.get(t.container_instance)) for t in tasks if t.container_instance]
    instances = {instance.arn: instance for _, instance in pairs if instance is not None}
    can_stay = {instance.arn for instance in _where_tasks_can_stay(world, service, instances.values())}
    placements = {
        arn: _placement(world, service, instance, must_leave=arn not in can_stay) for arn, instance in instances.items()
    }
    return {task.arn: placements[instance.arn] for task, instance in pairs if instance is not None}


def _where_tasks_can_stay(
    world: World, service: Service, instances: Iterable[ContainerInstance]
) -> Iterable[ContainerInstance]:
    if service.is_daemon:
        return [i for i in instances if is_daemon_host(world, service, i, tasks_on(world, i))]
    return [i for i in instances if i.status is ContainerInstanceStatus.ACTIVE]


def _placement(world: World, service: Service, instance: ContainerInstance, *, must_leave: bool) -> TaskPlacement:
    binpack = next((s for s in service.placement_strategy if s.type == BINPACK), None)
    remaining = None if binpack is None else remaining_resources(world, instance)
    field = "" if binpack is None else (binpack.field or "").lower()
    return TaskPlacement(
        spread=tuple(spread_value(instance, s) for s in service.placement_strategy if s.type == SPREAD),
        free=0 if remaining is None else remaining.memory if field == "memory" else remaining.cpu,
        instance=instance.arn,
        must_leave=must_leave,
    )
