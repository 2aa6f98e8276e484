"""The tasks of one plan that the world does not have yet, and the resources that remain of each container instance.

Promise: the tasks and remaining resources of an instance are counted when they are first needed, and again only after a
task of the batch was placed there. A batch belongs to one world and one plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import ContainerInstanceArn
from moyai.plan.placement.resources import RemainingResources, remaining_resources, tasks_on


class InstanceLoad(NamedTuple):
    """The tasks on an instance that are not STOPPED, and the resources that remain beside them."""

    tasks: list[Task]
    remaining: RemainingResources


class PlacementBatch(Sequence[Task]):
    """The tasks, in the order in which they were planned."""

    def __init__(self, world: World, tasks: Iterable[Task] = ()) -> None:
        self._world = world
        self._tasks = list(tasks)
        self._loads: dict[ContainerInstanceArn, InstanceLoad] = {}

    @classmethod
    def of(cls, world: World, tasks: Sequence[Task]) -> PlacementBatch:
        """The tasks as a batch; a batch is returned as it is."""
        return tasks if isinstance(tasks, PlacementBatch) else cls(world, tasks)

    def add(self, task: Task) -> None:
        """Add a task, and forget the load of its instance."""
        self._tasks.append(task)
        if task.container_instance is not None:
            self._loads.pop(task.container_instance, None)

    def at(self, instance: ContainerInstance) -> InstanceLoad:
        """The load of the instance, including the tasks of the batch."""
        load = self._loads.get(instance.arn)
        if load is None:
            new = [t for t in self._tasks if t.container_instance == instance.arn]
            load = InstanceLoad(tasks_on(self._world, instance, new), remaining_resources(self._world, instance, new))
            self._loads[instance.arn] = load
        return load

    def __iter__(self) -> Iterator[Task]:
        """The tasks in order."""
        return iter(self._tasks)

    def __len__(self) -> int:
        """The number of tasks."""
        return len(self._tasks)

    @overload
    def __getitem__(self, place: int) -> Task: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Task]: ...
    def __getitem__(self, place: int | slice) -> Task | Sequence[Task]:
        """The task, or tasks, at a place."""
        return self._tasks[place]
