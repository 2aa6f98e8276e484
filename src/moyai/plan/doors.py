"""The ports by which others come in through a task's proxy: what is closed before the task's containers are stopped.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/appnet-agent.html (how App Mesh's proxies drain)
"""

from __future__ import annotations

from moyai.domain.appmesh.agent_settings import AgentSettings, agent_settings
from moyai.domain.ecs.mesh_proxy import mesh_proxy, plain_environment
from moyai.domain.ecs.proxy_configuration import read_properties
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.plan import registration

DRAIN_LIMIT = 30.0
"""Seconds after which a task that is still held or busy is stopped all the same; an App Mesh proxy says it itself."""


def doors(task: Task, definition: TaskDefinition) -> tuple[int, ...]:
    """TCP ports of the task itself: of what it offers, of the application behind an App Mesh proxy, or of a gateway."""
    if task.view is not None:
        return tuple(sorted({offer.reachable_port for offer in registration.offers(task)}))
    proxy = mesh_proxy(definition, task.overrides)
    if proxy is None:
        return ()
    if definition.proxy_configuration is not None:
        return read_properties(definition.proxy_configuration).app_ports
    return tuple(sorted({port for m in proxy.port_mappings if m.protocol == "tcp" for port in m.ports}))


def is_draining(world: World, task: Task) -> bool:
    """Whether others are forgetting how to come in."""
    if task.last_status is not TaskStatus.DEACTIVATING:
        return False
    definition = world.task_definitions.get(task.task_definition)
    return definition is not None and bool(known_at(task, definition))


def known_at(task: Task, definition: TaskDefinition) -> tuple[int, ...]:
    """The ports at which the proxies of others know the task; those of App Mesh may know one without a proxy of theirs
    by its registries, at a port that a virtual node says.
    """
    registered = {endpoint.port for endpoint in registration.endpoints(task) if endpoint.port is not None}
    if task.view is not None and not task.service_registries:
        return tuple(sorted(registered))
    if task.view is None and (mesh_proxy(definition, task.overrides) is not None or not registration.endpoints(task)):
        return doors(task, definition)
    mapped = (m for c in definition.container_definitions for m in c.port_mappings if m.protocol == "tcp")
    return tuple(sorted(registered.union(*(m.ports for m in mapped))))


def drain_limit(task: Task, definition: TaskDefinition) -> float:
    """Seconds for which the task is drained at most."""
    proxy = None if task.view is not None else mesh_proxy(definition, task.overrides)
    if proxy is None:
        return DRAIN_LIMIT
    try:
        return float(agent_settings(plain_environment(proxy, task.overrides)).drain_wait)
    except ValueError:  # such a task never ran
        return float(AgentSettings().drain_wait)
