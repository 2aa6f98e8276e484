"""The network of a sandbox: of a task by its network mode, of a container instance by its interface.

Promise: pure translation. All containers of a task share one network namespace, also with bridge; a link to one of them
is a name for the task's own address.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-networking.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import vpc_and_subnet
from moyai.domain.sandbox.network import (
    AnyNetwork,
    AwsvpcNetwork,
    BridgeNetwork,
    Forward,
    HostName,
    HostNetwork,
    NoNetwork,
    SubnetAddress,
)
from moyai.domain.sandbox.spec import SandboxSpec
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import TaskId
from moyai.plan.network.host_ports import bridge_range

_SHORT_ID = 12
"""Digits of a container's id that are its host name in Docker."""


def sandbox_network(world: World, task: Task) -> AnyNetwork:
    """The network of a task's sandbox. KeyError when its VPC, subnet or container instance does not exist."""
    match task.network_mode:
        case NetworkMode.NONE:
            return NoNetwork(host_name(task))
        case NetworkMode.AWSVPC:
            return _interface(world, task, task.interface)
        case NetworkMode.HOST:
            instance, vpc = _instance(world, task), vpc_and_subnet(world, scope_of(task.arn), task.interface)[0]
            return HostNetwork(instance, vpc.cidr, task.interface.address, host_name(task))
        case NetworkMode.BRIDGE:
            return _bridged_network(world, task)


def instance_sandbox(world: World, instance: ContainerInstance) -> SandboxSpec:
    """The sandbox of a container instance. KeyError when its VPC or subnet does not exist."""
    network = _interface(world, instance, instance.interface, behind=True)
    own = HostName(instance.interface.address, instance.interface.private_dns_name)
    return SandboxSpec(task=instance.id, network=network, hosts=(_LOCALHOST, own))


def base_hosts(task: Task, definition: TaskDefinition) -> tuple[HostName, ...]:
    """The first lines of every task's hosts file."""
    if task.network_mode is NetworkMode.NONE:
        return (_LOCALHOST, HostName(_LOCALHOST.address, host_name(task)))
    address = task.bridge_address or task.interface.address
    names = dict.fromkeys((host_name(task), *_link_names(definition)))
    return (_LOCALHOST, *(HostName(address, name) for name in names))


def host_name(task: Task) -> str:
    """The host name of the task's containers."""
    if task.network_mode in {NetworkMode.BRIDGE, NetworkMode.NONE}:
        return task.id[:_SHORT_ID]
    return task.interface.private_dns_name


_LOCALHOST = HostName("127.0.0.1", "localhost")


def _interface(
    world: World, owner: Task | ContainerInstance, interface: NetworkInterface, *, behind: bool = False
) -> AwsvpcNetwork:
    vpc, subnet = vpc_and_subnet(world, scope_of(owner.arn), interface)
    return AwsvpcNetwork(
        vpc=vpc.id,
        vpc_cidr=vpc.cidr,
        subnet_cidr=subnet.cidr,
        address=interface.address,
        mac=interface.mac,
        host_name=interface.private_dns_name,
        bridge=str(bridge_range(vpc.cidr)) if behind else None,
        ipv6=_ipv6(subnet, interface),
    )


def _ipv6(subnet: Subnet, interface: NetworkInterface) -> SubnetAddress | None:
    if subnet.ipv6 is None or interface.ipv6_address is None:
        return None
    return SubnetAddress(interface.ipv6_address, subnet.ipv6.cidr)


def _bridged_network(world: World, task: Task) -> BridgeNetwork:
    vpc, _ = vpc_and_subnet(world, scope_of(task.arn), task.interface)
    if task.bridge_address is None:
        raise KeyError(task.arn)
    return BridgeNetwork(
        instance=_instance(world, task),
        vpc_cidr=vpc.cidr,
        bridge=str(bridge_range(vpc.cidr)),
        address=task.bridge_address,
        host_name=host_name(task),
        domain=task.interface.private_dns_name.partition(".")[2],
        ports=tuple(_forwards(task)),
    )


def _instance(world: World, task: Task) -> TaskId:
    if task.container_instance is None:
        raise KeyError(task.arn)
    return world.container_instances[task.container_instance].id


def _forwards(task: Task) -> Iterator[Forward]:
    for container in task.containers:
        for binding in container.network_bindings:
            yield Forward(binding.host_port, binding.container_port, binding.protocol, len(binding.host_ports))


def _link_names(definition: TaskDefinition) -> Iterator[str]:
    """The names that links define."""
    if definition.network_mode is NetworkMode.BRIDGE:
        for link in (link for c in definition.container_definitions for link in c.links or ()):
            name, _, alias = link.partition(":")
            yield from dict.fromkeys((alias or name, name))
