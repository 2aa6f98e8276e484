"""The ports that answer on the host's loopback for tasks with a public address.

Promise: every TCP port in the task's definition, from when its sandbox exists until it is taken away;
so a connection that drains is not cut by the door it came through.
"""

from __future__ import annotations

from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.sandbox.spec import PublishedPort
from moyai.domain.world import World

_NO_SANDBOX = frozenset({TaskStatus.PROVISIONING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})


def published_ports(world: World) -> tuple[PublishedPort, ...]:
    """All of them, in a stable order."""
    tasks = (t for t in world.tasks.by("public", "yes") if t.last_status not in _NO_SANDBOX)
    found = (
        PublishedPort(t.id, t.interface.public_address or "", t.interface.vpc, t.interface.address, port)
        for t in tasks
        for port in _ports(t, world.task_definitions[t.task_definition])
    )
    return tuple(sorted(found, key=lambda p: (p.public_address, p.port)))


def _ports(task: Task, definition: TaskDefinition) -> set[int]:
    mapped = {
        m.container_port for c in definition.container_definitions for m in c.port_mappings if m.protocol == "tcp"
    }
    overridden = {o.ingress_port for o in (() if task.view is None else task.view.offers) if o.ingress_port is not None}
    return mapped | overridden
