"""The ports and the address that a task gets on its container instance.

Promise: with bridge, a host port that was asked for is that one, and one that wasn't is a free one out of the
ephemeral range, in which a range of ports is found as one piece; with host, a port is the instance's own. None is given
twice, nor one that the instance keeps for itself, nor (where nothing was asked for) one of the reserved ones. With
awsvpc and none there is nothing to bind. The search begins where the task's id says, so that a port or an address that
somebody left a moment ago is hardly ever the next one's.
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
"""Where a port that nobody named is found: Linux's own range, as on ECS's machines."""

BRIDGES: Final = (IPv4Network("172.17.0.0/16"), IPv4Network("172.18.0.0/16"))
"""Where tasks stand behind an instance: Docker's range, and the one for VPCs in which that means something else."""

_BOUND: Final = frozenset({NetworkMode.BRIDGE, NetworkMode.HOST})
_DIGITS = 8
_GATEWAY = 1

Port = tuple[str, int]
"""Protocol and number."""


class Bindings(NamedTuple):
    """What a task's containers get, by their names, and what its proxy gets."""

    containers: Mapping[str, tuple[NetworkBinding, ...]] = {}
    proxy: tuple[NetworkBinding, ...] = ()


def fixed_ports(definition: TaskDefinition, view: ConnectView | None = None) -> frozenset[Port]:
    """The instance's ports that a task must have for itself to be placed there."""
    if definition.network_mode not in _BOUND:
        return frozenset()
    mapped = (m for c in definition.container_definitions for m in c.port_mappings)
    asked = {(m.protocol, m.host_port) for m in mapped if m.host_port}
    return frozenset(asked | {("tcp", port) for port in _overrides(definition, view)})


def taken_ports(world: World, instance: ContainerInstance, batch: Iterable[Task] = ()) -> set[Port]:
    """The ports that are somebody's: what the instance keeps, and what its tasks have until they are STOPPED.

    ``batch``: tasks made in the same breath that the world doesn't know yet.
    """
    own, udp = instance.resources.ports, instance.resources.ports_udp
    tasks = chain(world.tasks.by("instance", instance.arn), _here(instance, batch))
    bound = (binding for task in tasks for container in task.containers for binding in container.network_bindings)
    kept = (*(("tcp", port) for port in own), *(("udp", port) for port in udp))
    return {*kept, *((binding.protocol, port) for binding in bound for port in binding.host_ports)}


def bindings(
    definition: TaskDefinition, task: TaskId, taken: Iterable[Port], view: ConnectView | None = None
) -> Bindings | None:
    """What the containers of a new task get; None when a port that it must have is taken, or too few are free."""
    if definition.network_mode not in _BOUND:
        return Bindings()
    busy, fixed = set(taken), fixed_ports(definition, view)
    if busy & fixed:
        return None
    busy |= fixed
    found: dict[str, tuple[NetworkBinding, ...]] = {}
    for container in definition.container_definitions:
        bound = [_bound(mapping, task, busy) for mapping in container.port_mappings]
        if None in bound:
            return None
        found[container.name] = tuple(one for one in bound if one is not None)
    return Bindings(found, tuple(NetworkBinding(port, port) for port in _overrides(definition, view)))


def bridge_of(vpc_cidr: str) -> IPv4Network:
    """The range behind an instance that stands in a VPC of this one."""
    vpc = IPv4Network(vpc_cidr)
    return next((bridge for bridge in BRIDGES if not bridge.overlaps(vpc)), BRIDGES[0])


def bridge_address(
    world: World, instance: ContainerInstance, vpc_cidr: str, task: TaskId, batch: Iterable[Task] = ()
) -> str | None:
    """A free address behind the instance for a new task with the network mode bridge; None when there is none."""
    bridge = bridge_of(vpc_cidr)
    first, room = int(bridge.network_address) + _GATEWAY + 1, bridge.num_addresses - _GATEWAY - 2
    taken = {t.bridge_address for t in chain(world.tasks.by("instance", instance.arn), _here(instance, batch))}
    candidates = (str(IPv4Address(first + (_start(task) + n) % room)) for n in range(room))
    return next((address for address in candidates if address not in taken), None)


def gateway_of(bridge: str) -> str:
    """The instance's own address among those behind it."""
    return str(IPv4Network(bridge).network_address + _GATEWAY)


def _here(instance: ContainerInstance, batch: Iterable[Task]) -> Iterator[Task]:
    return (task for task in batch if task.container_instance == instance.arn)


def _overrides(definition: TaskDefinition, view: ConnectView | None) -> Sequence[int]:
    """The ports that a proxy behind an instance is asked for at, where a service names them."""
    if definition.network_mode is not NetworkMode.BRIDGE or view is None:
        return ()
    return sorted({offer.ingress_port for offer in view.offers if offer.ingress_port is not None})


def _bound(mapping: PortMapping, task: TaskId, busy: set[Port]) -> NetworkBinding | None:
    """The binding of one mapping, whose ports are ``busy`` from then on."""
    count = None if mapping.container_port_range is None else len(mapping.ports)
    first = mapping.host_port or _free(mapping.protocol, count or 1, task, busy)
    if first is None:
        return None
    made = NetworkBinding(mapping.ports.start, first, mapping.protocol, count)
    busy.update((mapping.protocol, port) for port in made.host_ports)
    return made


def _free(protocol: str, count: int, task: TaskId, busy: set[Port]) -> int | None:
    """The first of ``count`` free ports in a row."""
    room = len(EPHEMERAL) - count + 1
    if room < 1:
        return None
    at, run = _start(task) % room, 0
    for candidates in (EPHEMERAL[at:], EPHEMERAL[: at + count - 1]):
        run = 0
        for port in candidates:
            run = 0 if (protocol, port) in busy else run + 1
            if run == count:
                return port - count + 1
    return None


def _start(task: TaskId) -> int:
    return int(task[:_DIGITS], 16)
