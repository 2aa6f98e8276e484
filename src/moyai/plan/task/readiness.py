"""When a started task is ready: from then on it receives traffic and counts towards minimumHealthyPercent.

Essential containers with a health check: a HEALTHY task is ready at once; an UNKNOWN task waits for as long as the
checks may need to decide, an UNHEALTHY one for eight minutes, the most for any task. AWS publishes the eight minutes
and that the wait is derived from the check, not how; here it is the start period plus all retries.

Containers without a health check: the task is ready as soon as it listens at each of their ports that traffic can be
routed to, at the latest LISTEN_LIMIT seconds after its containers have started. AWS always waits 40 seconds. While its
service has another deployment, whose tasks it is to replace, it has to listen for MIN_LISTENING_TIME seconds without a
break: an application that ends in its first second must not replace one that works. A task becomes ready
once: a port that its application closes later makes no difference, as on AWS. A task without such ports is ready at
once.

Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (minimumHealthyPercent)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from moyai.domain.appmesh.discovery import loopback_of
from moyai.domain.ecs.mesh_proxy import mesh_proxy
from moyai.domain.ecs.proxy_configuration import read_properties
from moyai.domain.ecs.task import ContainerStatus, DesiredStatus, Task, TaskStatus
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PortMapping, TaskDefinition
from moyai.domain.queries.app_mesh import ip_preference_of
from moyai.domain.sandbox.state import ExpectedListener, Health
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.plan.cloudmap.task_registration import offers
from moyai.plan.task.container_spec import probe_of
from moyai.plan.task.context import TaskContext
from moyai.plan.task.health import has_health_check, health_checked_containers

LISTEN_LIMIT = 40.0
"""Seconds after which a task without a health check is ready whether it listens or not; AWS's."""

MIN_LISTENING_TIME = 2.0
"""Seconds for which a task has to listen before it takes the place of another deployment's task."""

HEALTH_LIMIT = 8 * 60
"""Seconds that a task with a health check waits at most; AWS's."""

LARGEST_RANGE = 100
"""The largest containerPortRange whose ports have to listen; a larger range lists ports that may stay unused."""

LOOK_AGAIN = 1.0
"""Seconds until the listeners are read again; the runtime notifies earlier when they change."""

_LOOPBACK = "127.0.0.1"


def expected_listeners(world: World, task: Task, definition: TaskDefinition) -> tuple[ExpectedListener, ...]:
    """The sockets that the task needs before it is ready: those of containers without a health check.

    Traffic that comes through the task's own proxy reaches the application at a loopback address; all other traffic at
    the task's address. The ports are those that the task offers by Service Connect or that its App Mesh proxy serves,
    and, unless Service Connect is the only way to reach it, all ports that its running containers map.
    """
    if task.network_mode is NetworkMode.NONE:
        return ()
    proxied_ports = _proxied_ports(task, definition)
    applications = tuple(_applications(task, definition))
    with_health_check = tuple(c for c in applications if c.essential and c.health_check is not None)
    checked_ports = {port for c in with_health_check for m in c.port_mappings for port in m.ports}
    loopback = _loopback(world, task)
    listeners = {ExpectedListener("tcp", port, port, (loopback,)) for port in proxied_ports - checked_ports}
    if not offers(task) or task.service_registries or task.targets:
        mappings = (m for c in applications if c not in with_health_check for m in c.port_mappings)
        listeners |= {_direct_listener(task, m) for m in mappings if _is_expected(m, proxied_ports)}
    return tuple(sorted(listeners))


def is_ready_at_once(context: TaskContext) -> bool:
    """Whether the task is ready as soon as its containers run, apart from their health."""
    return not expected_listeners(context.world, context.task, context.definition)


def record_listening(context: TaskContext) -> TaskContext:
    """The context of a task that has to keep listening, with the time since which it listens at all its ports; any
    other context unchanged.
    """
    if not _has_to_keep_listening(context):
        return context
    since = None if missing_listeners(context) else context.task.listening_at or context.now
    return (
        context
        if since == context.task.listening_at
        else replace(context, task=context.updated_task(listening_at=since))
    )


def awaits_readiness(task: Task) -> bool:
    """Whether the task's next step depends on its health and its listeners."""
    starting = task.last_status in {TaskStatus.ACTIVATING, TaskStatus.RUNNING} and task.ready_at is None
    return starting and task.desired_status is DesiredStatus.RUNNING


def ready_from(context: TaskContext) -> Instant:
    """The instant from which the task is ready if nothing changes; it may be in the past."""
    return max(_healthy_from(context), listening_from(context))


def missing_listeners(context: TaskContext) -> tuple[ExpectedListener, ...]:
    """The listeners that the task is expected to have and does not have."""
    expected = expected_listeners(context.world, context.task, context.definition)
    return tuple(listener for listener in expected if listener not in context.listeners)


def look_again_at(context: TaskContext) -> Instant | None:
    """When to read the listeners next; None when nothing depends on them."""
    return None if context.now >= listening_from(context) else later(context.now, LOOK_AGAIN)


def listening_from(context: TaskContext) -> Instant:
    """From when the task has listened for long enough, or the wait for it is over."""
    since = _up_since(context)
    if missing_listeners(context):
        return later(since, LISTEN_LIMIT)
    if not _has_to_keep_listening(context):
        return since
    return min(later(context.task.listening_at or context.now, MIN_LISTENING_TIME), later(since, LISTEN_LIMIT))


def _healthy_from(context: TaskContext) -> Instant:
    since, health = _up_since(context), context.task.health_status
    if health is Health.HEALTHY or not has_health_check(context.definition):
        return since
    if health is Health.UNHEALTHY:
        return later(since, HEALTH_LIMIT)
    return later(
        since, min(HEALTH_LIMIT, max(_longest_decision(c) for c in health_checked_containers(context.definition)))
    )


def _has_to_keep_listening(context: TaskContext) -> bool:
    service = context.world.services.get(context.task.service)
    replaces = service is not None and len(service.deployments) > 1
    return replaces and bool(expected_listeners(context.world, context.task, context.definition))


def _up_since(context: TaskContext) -> Instant:
    return context.task.activated_at or context.task.started_at or context.now


def _longest_decision(container: ContainerDefinition) -> float:
    if container.health_check is None:
        return 0
    check = probe_of(container.health_check)
    return check.start_period + check.retries * (check.interval + check.timeout)


def _proxied_ports(task: Task, definition: TaskDefinition) -> frozenset[int]:
    """The application's TCP ports to which the task's own proxy routes."""
    if task.view is not None:
        return frozenset(offer.container_port for offer in offers(task))
    if definition.proxy_configuration is None:
        return frozenset()
    return frozenset(read_properties(definition.proxy_configuration).app_ports)


def _loopback(world: World, task: Task) -> str:
    """The address at which the task's own proxy reaches the application."""
    identity = None if task.view is not None else task.identity
    return _LOOPBACK if identity is None else loopback_of(ip_preference_of(world, identity))


def _applications(task: Task, definition: TaskDefinition) -> Iterator[ContainerDefinition]:
    """The running containers that are not the task's proxy."""
    proxy = None if task.view is not None else mesh_proxy(definition, task.overrides)
    running = {c.name for c in task.containers if c.last_status is ContainerStatus.RUNNING}
    return (c for c in definition.container_definitions if c.name in running and c != proxy)


def _is_expected(mapping: PortMapping, proxied_ports: Iterable[int]) -> bool:
    ports = mapping.ports
    through_proxy = mapping.protocol == "tcp" and len(ports) == 1 and ports[0] in proxied_ports
    return 0 < len(ports) <= LARGEST_RANGE and not through_proxy


def _direct_listener(task: Task, mapping: PortMapping) -> ExpectedListener:
    addresses = (task.bridge_address or task.interface.address, task.interface.ipv6_address)
    present = tuple(address for address in addresses if address is not None)
    return ExpectedListener(mapping.protocol, mapping.ports[0], mapping.ports[-1], present)
