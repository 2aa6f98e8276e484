"""The ports and the address that a task gets on its container instance.

Promise: with the network mode bridge, a host port is the one that the mapping names, or else a free one of the
ephemeral range, in which a range of ports stays together; with host, it is the container's own port. No port is given
twice, nor a port that the instance reserves for itself. With awsvpc and none, no port is bound. The search begins at a
place that the task's id determines, so that a port or address that has just become free hardly ever goes to the next
task.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_NetworkBinding.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from itertools import chain
from typing import Final, NamedTuple

from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkBinding, Task
from moyai.domain.ecs.task_definition import NetworkMode, PortMapping, TaskDefinition
from moyai.domain.world import World
from moyai.kernel.ids import TaskId

EPHEMERAL: Final = range(32768, 61000)
"""The range of host ports for mappings that name none: Linux's ephemeral range, as on ECS's machines."""

BRIDGES: Final = (IPv4Network("172.17.0.0/16"), IPv4Network("172.18.0.0/16"))
"""The addresses of tasks behind an instance: Docker's range, and another one for VPCs that overlap with it."""

_MODES_WITH_HOST_PORTS: Final = frozenset({NetworkMode.BRIDGE, NetworkMode.HOST})
_DIGITS = 8
_GATEWAY = 1

Port = tuple[str, int]
"""Protocol and number."""


class PortBindings(NamedTuple):
    """The bindings of a task's containers, by their names, and of its proxy."""

    containers: Mapping[str, tuple[NetworkBinding, ...]] = {}
    proxy: tuple[NetworkBinding, ...] = ()


def fixed_ports(definition: TaskDefinition, view: ConnectView | None = None) -> frozenset[Port]:
    """The ports of the instance that have to be free for a task of this definition."""
    if definition.network_mode not in _MODES_WITH_HOST_PORTS:
        return frozenset()
    mapped = (m for c in definition.container_definitions for m in c.port_mappings)
    named = {(m.protocol, m.host_port) for m in mapped if m.host_port}
    return frozenset(named | {("tcp", port) for port in _named_ingress_ports(definition, view)})


def taken_ports(world: World, instance: ContainerInstance, batch: Iterable[Task] = ()) -> set[Port]:
    """The ports that are not free: those that the instance reserves, and those of its tasks until they are STOPPED.

    ``batch``: tasks of the same plan, which the world does not have yet.
    """
    tcp, udp = instance.resources.ports, instance.resources.ports_udp
    tasks = chain(world.tasks.by("instance", instance.arn), _on_instance(instance, batch))
    bindings = (binding for task in tasks for container in task.containers for binding in container.network_bindings)
    instance_ports = (*(("tcp", port) for port in tcp), *(("udp", port) for port in udp))
    return {*instance_ports, *((binding.protocol, port) for binding in bindings for port in binding.host_ports)}


def port_bindings(
    definition: TaskDefinition, task: TaskId, taken_ports: Iterable[Port], view: ConnectView | None = None
) -> PortBindings | None:
    """The bindings of a new task; None when a port that it names is taken, or too few are free."""
    if definition.network_mode not in _MODES_WITH_HOST_PORTS:
        return PortBindings()
    busy, host_ports = set(taken_ports), fixed_ports(definition, view)
    if busy & host_ports:
        return None
    busy |= host_ports
    bindings: dict[str, tuple[NetworkBinding, ...]] = {}
    for container in definition.container_definitions:
        container_bindings = [_bind(mapping, task, busy) for mapping in container.port_mappings]
        if None in container_bindings:
            return None
        bindings[container.name] = tuple(binding for binding in container_bindings if binding is not None)
    return PortBindings(bindings, tuple(NetworkBinding(port, port) for port in _named_ingress_ports(definition, view)))


def bridge_range(vpc_cidr: str) -> IPv4Network:
    """The range of addresses behind an instance in a VPC with this range."""
    vpc = IPv4Network(vpc_cidr)
    return next((bridge for bridge in BRIDGES if not bridge.overlaps(vpc)), BRIDGES[0])


def bridge_address(
    world: World, instance: ContainerInstance, vpc_cidr: str, task: TaskId, batch: Iterable[Task] = ()
) -> str | None:
    """A free address behind the instance for a new task with the network mode bridge; None when all are taken."""
    bridge = bridge_range(vpc_cidr)
    first, size = int(bridge.network_address) + _GATEWAY + 1, bridge.num_addresses - _GATEWAY - 2
    in_use = {t.bridge_address for t in chain(world.tasks.by("instance", instance.arn), _on_instance(instance, batch))}
    candidates = (str(IPv4Address(first + (_start(task) + n) % size)) for n in range(size))
    return next((address for address in candidates if address not in in_use), None)


def _on_instance(instance: ContainerInstance, batch: Iterable[Task]) -> Iterator[Task]:
    return (task for task in batch if task.container_instance == instance.arn)


def _named_ingress_ports(definition: TaskDefinition, view: ConnectView | None) -> Sequence[int]:
    """The ``ingressPortOverride`` ports of a proxy with the network mode bridge, which are ports of the instance."""
    if definition.network_mode is not NetworkMode.BRIDGE or view is None:
        return ()
    return sorted({offer.ingress_port for offer in view.offers if offer.ingress_port is not None})


def _bind(mapping: PortMapping, task: TaskId, busy: set[Port]) -> NetworkBinding | None:
    """The binding of one mapping. Its ports are added to ``busy``."""
    count = None if mapping.container_port_range is None else len(mapping.ports)
    first = mapping.host_port or _free_range(mapping.protocol, count or 1, task, busy)
    if first is None:
        return None
    binding = NetworkBinding(mapping.ports.start, first, mapping.protocol, count)
    busy.update((mapping.protocol, port) for port in binding.host_ports)
    return binding


def _free_range(protocol: str, count: int, task: TaskId, busy: set[Port]) -> int | None:
    """The first of ``count`` free ports in a row."""
    starts = len(EPHEMERAL) - count + 1
    if starts < 1:
        return None
    start, run = _start(task) % starts, 0
    for candidates in (EPHEMERAL[start:], EPHEMERAL[: start + count - 1]):
        run = 0
        for port in candidates:
            run = 0 if (protocol, port) in busy else run + 1
            if run == count:
                return port - count + 1
    return None


def _start(task: TaskId) -> int:
    return int(task[:_DIGITS], 16)
