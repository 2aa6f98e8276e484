"""The ports that answer on the host's loopback for tasks and container instances with a public address.

Promise: of a task, every TCP port in its definition; of an instance, every TCP port of it that a task in it has; from
when the task's sandbox exists until it is taken away, so a connection that drains is not cut by the door it came
through. Of a range of ports, the first RANGE_PUBLISHED: each is a listener.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.sandbox.spec import PublishedPort
from moyai.domain.world import World

RANGE_PUBLISHED: Final = 100
"""How many ports of a range answer at a public address."""

_NO_SANDBOX = frozenset({TaskStatus.PROVISIONING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})
_PUBLIC = ("public", "yes")


def published_ports(world: World) -> tuple[PublishedPort, ...]:
    """All of them, in a stable order."""
    tasks = (_of_task(world, t) for t in world.tasks.by(*_PUBLIC) if t.last_status not in _NO_SANDBOX)
    instances = (_of_instance(world, one) for one in world.container_instances.by(*_PUBLIC))
    found = chain.from_iterable((*tasks, *instances))
    return tuple(sorted(found, key=lambda p: (p.public_address, p.port)))


def _of_task(world: World, task: Task) -> Iterator[PublishedPort]:
    own = task.interface
    for port in _ports(task, world.task_definitions[task.task_definition]):
        yield PublishedPort(task.id, own.public_address or "", own.vpc, own.address, port)


def _of_instance(world: World, instance: ContainerInstance) -> Iterator[PublishedPort]:
    own = instance.interface
    tasks = (t for t in world.tasks.by("instance", instance.arn) if t.last_status not in _NO_SANDBOX)
    for task in tasks:
        bound = (b for c in task.containers for b in c.network_bindings if b.protocol == "tcp")
        for port in sorted({port for b in bound for port in islice(b.host_ports, RANGE_PUBLISHED)}):
            yield PublishedPort(task.id, own.public_address or "", own.vpc, own.address, port)


def _ports(task: Task, definition: TaskDefinition) -> set[int]:
    mappings = (m for c in definition.container_definitions for m in c.port_mappings if m.protocol == "tcp")
    mapped = {port for m in mappings for port in islice(m.ports, RANGE_PUBLISHED)}
    overridden = {o.ingress_port for o in (() if task.view is None else task.view.offers) if o.ingress_port is not None}
    return mapped | overridden
