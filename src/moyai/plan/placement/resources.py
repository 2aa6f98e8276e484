"""What a task needs of a container instance, and what is left of one.

Promise: a task holds what it needs until it is STOPPED. A task with a size of its own needs that; another needs the
sum of its containers, each with its memoryReservation where it has one. Ports are those that its containers are bound
to. What is left is never kept, always counted.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html (remainingResources)
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import ContainerOverride, Task, TaskOverride
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, TaskDefinition
from moyai.domain.world import World


class Need(msgspec.Struct, frozen=True):
    """CPU units and MiB of one task."""

    cpu: int
    memory: int


class Left(msgspec.Struct, frozen=True):
    """What of an instance is still to be had; ``ports`` and ``ports_udp`` are those that are not."""

    cpu: int
    memory: int
    ports: frozenset[int]
    ports_udp: frozenset[int]


def need_of(definition: TaskDefinition, overrides: TaskOverride) -> Need:
    """What a task of this definition needs."""
    named = {o.name: o for o in overrides.container_overrides}
    each = [(c, named.get(c.name) or ContainerOverride(c.name)) for c in definition.container_definitions]
    cpu, memory = overrides.cpu or definition.cpu, overrides.memory or definition.memory
    return Need(
        cpu=int(cpu) if cpu else sum(c.cpu if o.cpu is None else o.cpu for c, o in each),
        memory=int(memory) if memory else sum(_memory(c, o) for c, o in each),
    )


def tasks_on(world: World, instance: ContainerInstance, batch: Iterable[Task] = ()) -> list[Task]:
    """The instance's tasks that are not STOPPED, with those of ``batch``, which the world doesn't know yet."""
    made = (t for t in batch if t.container_instance == instance.arn)
    return [*world.tasks.by("instance", instance.arn), *made]


def left_of(world: World, instance: ContainerInstance, batch: Iterable[Task] = ()) -> Left:
    """What none of the instance's tasks has; CPU and memory may be negative where the instance has become smaller."""
    tasks, own = tasks_on(world, instance, batch), instance.resources
    needs = [need_of(world.task_definitions[t.task_definition], t.overrides) for t in tasks]
    bindings = [b for t in tasks for c in t.containers for b in c.network_bindings]
    return Left(
        cpu=own.cpu - sum(need.cpu for need in needs),
        memory=own.memory - sum(need.memory for need in needs),
        ports=frozenset(own.ports) | {b.host_port for b in bindings if b.protocol == "tcp"},
        ports_udp=frozenset(own.ports_udp) | {b.host_port for b in bindings if b.protocol == "udp"},
    )


def fixed_ports(definition: TaskDefinition) -> frozenset[tuple[int, str]]:
    """The ports of its instance that a task has to have, each with its protocol; none where it has an own address."""
    if definition.network_mode not in {NetworkMode.BRIDGE, NetworkMode.HOST}:
        return frozenset()
    mappings = (m for c in definition.container_definitions for m in c.port_mappings)
    return frozenset((m.host_port, m.protocol) for m in mappings if m.host_port)


def _memory(container: ContainerDefinition, override: ContainerOverride) -> int:
    reserved = container.memory_reservation if override.memory_reservation is None else override.memory_reservation
    limit = container.memory if override.memory is None else override.memory
    return reserved or limit or 0
