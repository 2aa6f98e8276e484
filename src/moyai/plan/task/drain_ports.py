"""The ports at which a task receives traffic, which reject new connections before the task's containers stop.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/appnet-agent.html (how App Mesh's proxies drain)
"""

from __future__ import annotations

from moyai.domain.appmesh.agent_settings import AgentSettings, agent_settings
from moyai.domain.ecs.mesh_proxy import mesh_proxy, plain_environment
from moyai.domain.ecs.proxy_configuration import read_properties
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition
from moyai.domain.world import World
from moyai.plan.cloudmap.task_registration import endpoints, offers

DRAIN_LIMIT = 30.0
"""The most seconds for which a task drains; the environment of an App Mesh proxy may set another number."""


def drain_ports(task: Task, definition: TaskDefinition) -> tuple[int, ...]:
    """The TCP ports of the task's Service Connect offers, of the application behind its App Mesh proxy, or of its
    virtual gateway.
    """
    if task.view is not None:
        return tuple(sorted({offer.reachable_port for offer in offers(task)}))
    proxy = mesh_proxy(definition, task.overrides)
    if proxy is None:
        return ()
    if definition.proxy_configuration is not None:
        return read_properties(definition.proxy_configuration).app_ports
    return tuple(sorted({port for m in proxy.port_mappings if m.protocol == "tcp" for port in m.ports}))


def is_draining(world: World, task: Task) -> bool:
    """Whether other proxies are forgetting the task's endpoints."""
    if task.last_status is not TaskStatus.DEACTIVATING:
        return False
    definition = world.task_definitions.get(task.task_definition)
    return definition is not None and bool(ports_known_to_others(task, definition))


def ports_known_to_others(task: Task, definition: TaskDefinition) -> tuple[int, ...]:
    """The ports at which the proxies of other tasks may know the task.

    The proxies of App Mesh also find a task without an App Mesh proxy, by its service registries and at the port of a
    virtual node's listener; that can be any port that the task maps.
    """
    registered_ports = {endpoint.port for endpoint in endpoints(task) if endpoint.port is not None}
    if task.view is not None and not task.service_registries:
        return tuple(sorted(registered_ports))
    if task.view is None and (mesh_proxy(definition, task.overrides) is not None or not endpoints(task)):
        return drain_ports(task, definition)
    tcp_mappings = (m for c in definition.container_definitions for m in c.port_mappings if m.protocol == "tcp")
    return tuple(sorted(registered_ports.union(*(m.ports for m in tcp_mappings))))


def drain_limit(task: Task, definition: TaskDefinition) -> float:
    """Seconds for which the task drains at most."""
    proxy = None if task.view is not None else mesh_proxy(definition, task.overrides)
    if proxy is None:
        return DRAIN_LIMIT
    try:
        return float(agent_settings(plain_environment(proxy, task.overrides)).drain_wait)
    except ValueError:  # a task whose environment is invalid never ran
        return float(AgentSettings().drain_wait)
