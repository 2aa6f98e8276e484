"""The attachments of a VPC's network: sandboxes, with their interfaces and security groups.

Promise: a task or a container instance has one interface; all nodes of a VPC's load balancers are interfaces of one
sandbox, that of the front proxy. A network load balancer without security groups accepts and sends everything, as on
AWS; any other interface without one has its VPC's default group.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-security-groups.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

from moyai.domain.ecs.container_instance import ContainerInstance
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.elb.front import front_sandbox
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.keys import scope_of
from moyai.domain.queries.vpc import default_security_group
from moyai.domain.world import World
from moyai.kernel.ids import SecurityGroupId, TaskId, VpcId
from moyai.kernel.scope import Scope

UNFILTERED: Final = SecurityGroupId("unfiltered")
"""The group of interfaces that no security group restricts."""


class Attachment(NamedTuple):
    """An interface of a sandbox, with its security groups. ``arn`` is that of the record that has the interface."""

    task: TaskId
    arn: str
    interface: NetworkInterface
    groups: tuple[SecurityGroupId, ...]
    is_node: bool = False
    """Whether the interface is a load balancer's, which reaches only its VPC and the VPC's peers."""


def attachments(world: World, key: str) -> tuple[Attachment, ...]:
    """The interfaces of the task, container instance or load balancer with this key, if it is alive."""
    balancer = world.load_balancers.get(key)
    if balancer is not None:
        return _of_balancer(world, balancer)
    record = world.tasks.get(key) or world.container_instances.get(key)
    interface = None if record is None else _own_interface(record)
    if record is None or interface is None:
        return ()
    groups = interface.security_groups or _default_groups(world, scope_of(record.arn), interface.vpc)
    return (Attachment(record.id, record.arn, interface, groups),)


def _of_balancer(world: World, balancer: LoadBalancer) -> tuple[Attachment, ...]:
    groups = balancer.security_groups
    if not groups and balancer.type is LoadBalancerType.NETWORK:
        groups = (UNFILTERED,)
    elif not groups:
        groups = _default_groups(world, scope_of(balancer.arn), balancer.vpc)
    sandbox = front_sandbox(balancer.vpc)
    return tuple(Attachment(sandbox, balancer.arn, node.interface, groups, is_node=True) for node in balancer.nodes)


def _own_interface(record: Task | ContainerInstance) -> NetworkInterface | None:
    if isinstance(record, Task):
        return None if record.stopped else record.own_interface
    return None if record.gone else record.interface


def _default_groups(world: World, scope: Scope, vpc: VpcId) -> tuple[SecurityGroupId, ...]:
    group = default_security_group(world, scope, vpc)
    return () if group is None else (group.id,)
