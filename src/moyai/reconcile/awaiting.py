"""Tasks and services whose next step may wait for what a proxy acknowledges."""

from __future__ import annotations

from moyai.domain.derived import Derived
from moyai.domain.ecs.service import Service
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import ServiceArn, TaskArn
from moyai.plan.doors import is_draining
from moyai.reconcile.observe import is_shifting_traffic


def draining_tasks(world: World) -> Derived[TaskArn, bool]:
    """The tasks whose endpoints others are forgetting."""
    return Derived(world, _is_draining, False, Task)  # noqa: FBT003 (the value of a task that is gone)


def shifting_services(world: World) -> Derived[ServiceArn, bool]:
    """The services whose traffic is, or may be, on the move between pools of tasks."""
    return Derived(world, is_shifting_traffic, False, Service)  # noqa: FBT003 (the value of a service that is gone)


def _is_draining(world: World, arn: TaskArn) -> bool:
    task = world.tasks.get(arn)
    return task is not None and is_draining(world, task)
