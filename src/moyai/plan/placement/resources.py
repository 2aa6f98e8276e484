"""The resources that a task needs of a container instance, and those that remain of one.

Promise: a task has its resources until it is STOPPED. A task with a size of its own needs that size; any other needs
the sum of its containers, each with its memoryReservation where it has one. Its ports are those to which its containers
are bound. Remaining resources are never stored, always computed.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html (remainingResources)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import ContainerOverride, Task, TaskOverride
from moyai.domain.ecs.task_definition import ContainerDefinition, TaskDefinition
from moyai.domain.world import World
from moyai.plan.network.host_ports import Port, taken_ports


class RequiredResources(msgspec.Struct, frozen=True):
    """CPU units, MiB and GPUs of one task."""

    cpu: int
    memory: int
    gpus: int


class RemainingResources(msgspec.Struct, frozen=True):
    """The free resources of an instance. ``taken_ports``: the ports that are not free."""

    cpu: int
    memory: int
    gpus: tuple[str, ...]
    taken_ports: frozenset[Port]

    def ports(self, protocol: str) -> list[int]:
        """The taken ports of one protocol."""
        return sorted(port for taken_protocol, port in self.taken_ports if taken_protocol == protocol)


def required_resources(definition: TaskDefinition, overrides: TaskOverride) -> RequiredResources:
    """The resources that a task of this definition needs."""
    override_of = {o.name: o for o in overrides.container_overrides}
    containers = [(c, override_of.get(c.name) or ContainerOverride(c.name)) for c in definition.container_definitions]
    cpu, memory = overrides.cpu or definition.cpu, overrides.memory or definition.memory
    return RequiredResources(
        cpu=int(cpu) if cpu else sum(c.cpu if o.cpu is None else o.cpu for c, o in containers),
        memory=int(memory) if memory else sum(_memory(c, o) for c, o in containers),
        gpus=sum(c.gpus for c in definition.container_definitions),
    )


def tasks_on(world: World, instance: ContainerInstance, batch: Iterable[Task] = ()) -> list[Task]:
    """The instance's tasks that are not STOPPED, and those of ``batch``, which the world does not have yet."""
    new = (t for t in batch if t.container_instance == instance.arn)
    return [*world.tasks.by("instance", instance.arn), *new]


def remaining_resources(world: World, instance: ContainerInstance, batch: Sequence[Task] = ()) -> RemainingResources:
    """The resources that the instance's tasks leave; negative where the instance has become too small."""
    tasks, own = tasks_on(world, instance, batch), instance.resources
    needs = [required_resources(world.task_definitions[t.task_definition], t.overrides) for t in tasks]
    used_gpus = {gpu for t in tasks for c in t.containers for gpu in c.gpu_ids}
    return RemainingResources(
        cpu=own.cpu - sum(need.cpu for need in needs),
        memory=own.memory - sum(need.memory for need in needs),
        gpus=tuple(gpu for gpu in own.gpus if gpu not in used_gpus),
        taken_ports=frozenset(taken_ports(world, instance, batch)),
    )


def _memory(container: ContainerDefinition, override: ContainerOverride) -> int:
    reservation = container.memory_reservation if override.memory_reservation is None else override.memory_reservation
    limit = container.memory if override.memory is None else override.memory
    return reservation or limit or 0
