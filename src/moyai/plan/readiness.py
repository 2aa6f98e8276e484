"""When a started task is ready: from then on it receives traffic and counts towards minimumHealthyPercent.

Essential containers with a health check: HEALTHY at once; UNKNOWN waits for as long as the checks may need to decide;
UNHEALTHY waits; nobody waits longer than eight minutes. AWS publishes the eight minutes and that the wait is derived
from the check, not how; here it is the start period plus all retries.

Containers without a health check: as soon as the task listens at each of their ports that traffic can be routed to, at
the latest LISTEN_LIMIT seconds after its containers have started. AWS waits these 40 seconds in any case. While its
service has another deployment, whose tasks it is to replace, it has to listen for TRIAL seconds without a break: an
application that ends in its first second must not take the place of one that works. A task becomes ready once: when
its application closes a port later, nobody looks, as on AWS. Without such ports, nothing is waited for.

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
from moyai.domain.sandbox.listener import ExpectedListener
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.kernel.clock import Instant, later
from moyai.plan.registration import offers
from moyai.plan.sight import Case, checked, has_health_check
from moyai.plan.specs import probe

LISTEN_LIMIT = 40.0
"""Seconds after which a task without a health check is ready whether it listens or not; AWS's."""

TRIAL = 2.0
"""Seconds for which a task has to listen before it takes the place of another deployment's."""

LONGEST_HOLD = 8 * 60
"""Seconds that a task with a health check waits at most; AWS's."""

LARGEST_RANGE = 100
"""Ports of a containerPortRange that are looked at; a larger range says which ports may be used, and is not waited for.
"""

LOOK_AGAIN = 1.0
"""Seconds until the listeners are looked at again; the runtime tells earlier when they change."""

_LOOPBACK = "127.0.0.1"


def expected_listeners(world: World, task: Task, definition: TaskDefinition) -> tuple[ExpectedListener, ...]:
    """The sockets that the task needs before it is ready: those of containers whose health nobody checks.

    Traffic that comes through the task's own proxy reaches the application at a loopback address; all other traffic at
    the task's address. The ports are those that the task offers by Service Connect or that its App Mesh proxy serves,
    and, unless Service Connect is the only way to find it, all ports that its running containers map.
    """
    if task.network_mode is NetworkMode.NONE:
        return ()
    proxied = _proxied_ports(task, definition)
    applications = tuple(_applications(task, definition))
    judged = tuple(c for c in applications if c.essential and c.health_check is not None)
    known = {port for c in judged for m in c.port_mappings for port in m.ports}
    loopback = _loopback(world, task)
    found = {ExpectedListener("tcp", port, port, (loopback,)) for port in proxied - known}
    if not offers(task) or task.service_registries:
        mappings = (m for c in applications if c not in judged for m in c.port_mappings)
        found |= {_direct(task, m) for m in mappings if _is_waited_for(m, proxied)}
    return tuple(sorted(found))


def is_ready_at_once(case: Case) -> bool:
    """Whether the task is ready as soon as its containers are up, but for their health."""
    return not expected_listeners(case.world, case.task, case.definition)


def record_listening(case: Case) -> Case:
    """The case, with since when its task listens everywhere, where it has to do so for a while."""
    if not _is_on_trial(case):
        return case
    since = None if missing_listeners(case) else case.task.listening_at or case.now
    return case if since == case.task.listening_at else replace(case, task=case.moved(listening_at=since))


def awaits_readiness(task: Task) -> bool:
    """Whether the task's next step depends on its health and on what it listens at."""
    starting = task.last_status in {TaskStatus.ACTIVATING, TaskStatus.RUNNING} and task.ready_at is None
    return starting and task.desired_status is DesiredStatus.RUNNING


def ready_from(case: Case) -> Instant:
    """The instant from which the task is ready, as it is seen now; it may be in the past."""
    return max(_healthy_from(case), listening_from(case))


def missing_listeners(case: Case) -> tuple[ExpectedListener, ...]:
    """What the task is expected to listen at and does not."""
    expected = expected_listeners(case.world, case.task, case.definition)
    return tuple(listener for listener in expected if listener not in case.listeners)


def look_again_at(case: Case) -> Instant | None:
    """When to look at the listeners next; None when nothing depends on them."""
    return None if case.now >= listening_from(case) else later(case.now, LOOK_AGAIN)


def listening_from(case: Case) -> Instant:
    """From when it has listened for long enough, or has been waited for in vain."""
    since = _up_since(case)
    if missing_listeners(case):
        return later(since, LISTEN_LIMIT)
    listening = later(case.task.listening_at or case.now, TRIAL) if _is_on_trial(case) else since
    return min(listening, later(since, LISTEN_LIMIT))


def _healthy_from(case: Case) -> Instant:
    since, health = _up_since(case), case.task.health_status
    if health is Health.HEALTHY or not has_health_check(case.definition):
        return since
    if health is Health.UNHEALTHY:
        return later(since, LONGEST_HOLD)
    return later(since, min(LONGEST_HOLD, max(_time_to_decide(c) for c in checked(case.definition))))


def _is_on_trial(case: Case) -> bool:
    service = case.world.services.get(case.task.service)
    replaces = service is not None and len(service.deployments) > 1
    return replaces and bool(expected_listeners(case.world, case.task, case.definition))


def _up_since(case: Case) -> Instant:
    return case.task.activated_at or case.task.started_at or case.now


def _time_to_decide(container: ContainerDefinition) -> float:
    if container.health_check is None:
        return 0
    check = probe(container.health_check)
    return check.start_period + check.retries * (check.interval + check.timeout)


def _proxied_ports(task: Task, definition: TaskDefinition) -> frozenset[int]:
    """The TCP ports of the application that the task's own proxy leads to."""
    if task.view is not None:
        return frozenset(offer.container_port for offer in offers(task))
    if definition.proxy_configuration is None:
        return frozenset()
    return frozenset(read_properties(definition.proxy_configuration).app_ports)


def _loopback(world: World, task: Task) -> str:
    """Where the task's own proxy finds the application."""
    identity = None if task.view is not None else task.identity
    return _LOOPBACK if identity is None else loopback_of(ip_preference_of(world, identity))


def _applications(task: Task, definition: TaskDefinition) -> Iterator[ContainerDefinition]:
    """The running containers that are not the task's proxy."""
    proxy = None if task.view is not None else mesh_proxy(definition, task.overrides)
    running = {c.name for c in task.containers if c.last_status is ContainerStatus.RUNNING}
    return (c for c in definition.container_definitions if c.name in running and c != proxy)


def _is_waited_for(mapping: PortMapping, proxied: Iterable[int]) -> bool:
    ports = mapping.ports
    through_proxy = mapping.protocol == "tcp" and len(ports) == 1 and ports[0] in proxied
    return 0 < len(ports) <= LARGEST_RANGE and not through_proxy


def _direct(task: Task, mapping: PortMapping) -> ExpectedListener:
    addresses = (task.bridge_address or task.interface.address, task.interface.ipv6_address)
    known = tuple(address for address in addresses if address is not None)
    return ExpectedListener(mapping.protocol, mapping.ports[0], mapping.ports[-1], known)
