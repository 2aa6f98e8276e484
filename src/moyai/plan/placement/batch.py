"""Tasks that are made in the same breath, and what they leave of each container instance.

Promise: what is on an instance and what is left of it is counted when it is first asked for, and again only when a task
of the batch went there. A batch is of one world and lasts as long as one decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task
from moyai.domain.world import World
from moyai.kernel.ids import ContainerInstanceArn
from moyai.plan.placement.resources import Left, left_of, tasks_on


class Occupied(NamedTuple):
    """The tasks on an instance that are not STOPPED, and what none of them has."""

    tasks: list[Task]
    left: Left


class Batch(Sequence[Task]):
    """The tasks, in the order in which they were made; the world doesn't know them yet."""

    def __init__(self, world: World, tasks: Iterable[Task] = ()) -> None:
        self._world = world
        self._tasks = list(tasks)
        self._counted: dict[ContainerInstanceArn, Occupied] = {}

    @classmethod
    def of(cls, world: World, tasks: Sequence[Task]) -> Batch:
        """The tasks as a batch, if they aren't one."""
        return tasks if isinstance(tasks, Batch) else cls(world, tasks)

    def add(self, task: Task) -> None:
        """One more."""
        self._tasks.append(task)
        if task.container_instance is not None:
            self._counted.pop(task.container_instance, None)

    def at(self, instance: ContainerInstance) -> Occupied:
        """What is on the instance, with those of the batch."""
        found = self._counted.get(instance.arn)
        if found is None:
            here = [t for t in self._tasks if t.container_instance == instance.arn]
            found = Occupied(tasks_on(self._world, instance, here), left_of(self._world, instance, here))
            self._counted[instance.arn] = found
        return found

    def __iter__(self) -> Iterator[Task]:
        """The tasks."""
        return iter(self._tasks)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._tasks)

    @overload
    def __getitem__(self, place: int) -> Task: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Task]: ...
    def __getitem__(self, place: int | slice) -> Task | Sequence[Task]:
        """Those at a place."""
        return self._tasks[place]
