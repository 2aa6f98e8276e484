"""The network interface of a new task: its subnet and zone, its security groups and addresses.

Promise: tasks are spread over the zones of the subnets that they may use, by deployment first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.service import AwsVpcConfiguration
from moyai.domain.ecs.task import NetworkInterface, Task
from moyai.domain.queries.vpc import all_in_vpc, default_security_group, default_vpc_of, find_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import DeploymentId, Ids, SecurityGroupId
from moyai.kernel.scope import Scope
from moyai.plan import events
from moyai.plan.network.interfaces import ipv6_address, new_interface


class NoInterface(MoyaiError):
    """The task can't have a network interface: no free address in any of its subnets, or a security group is gone.
    ``reason`` is RunTask's failure reason.
    """

    reason = "RESOURCE:ENI"

    @property
    def event(self) -> str:
        """The text of the service's event."""
        return events.task_unplaced(str(self))


class InterfaceRequest(NamedTuple):
    """The request for the interface of a new task. ``network`` None = any subnet of the default VPC; ``peers``: the
    tasks from which it is spread.
    """

    scope: Scope
    network: AwsVpcConfiguration | None
    peers: Sequence[Task]
    deployment: DeploymentId | None


def choose_interface(
    world: World, request: InterfaceRequest, ids: Ids, batch: Sequence[Task], zone: str | None = None
) -> tuple[NetworkInterface, str]:
    """The interface and its zone: ``zone``, or else the one with fewest tasks that still has a free address.

    Raises NoInterface.
    """
    subnets = tuple(s for s in usable_subnets(world, request) if zone in {None, s.zone})
    public = request.network is not None and request.network.assign_public_ip == "ENABLED"
    for subnet in _by_preference(subnets, request):
        groups = _security_groups(world, subnet, request.network)
        interface = new_interface(world, subnet, groups, ids, public=public, batch=batch)
        if interface is not None:
            return replace(interface, ipv6_address=ipv6_address(world, subnet, interface.address)), subnet.zone
    raise NoInterface(f"no subnet of {', '.join(s.id for s in subnets) or 'those that were named'} has a free address")


def usable_subnets(world: World, request: InterfaceRequest) -> tuple[Subnet, ...]:
    """The subnets that the task may use, without those that have been deleted since they were named."""
    if request.network is None:
        vpc = default_vpc_of(world, request.scope)
        return () if vpc is None else tuple(all_in_vpc(world, Subnet, request.scope, vpc.id))
    subnets = (find_in_scope(world, Subnet, request.scope, identity) for identity in request.network.subnets)
    return tuple(subnet for subnet in subnets if subnet is not None)


def _security_groups(world: World, subnet: Subnet, network: AwsVpcConfiguration | None) -> tuple[SecurityGroupId, ...]:
    """The security groups that were named, or else the VPC's default one."""
    if network is not None and network.security_groups:
        deleted = [g for g in network.security_groups if find_in_scope(world, SecurityGroup, subnet.scope, g) is None]
        if deleted:
            raise NoInterface(f"the security groups {', '.join(deleted)} do not exist any more")
        return network.security_groups
    group = default_security_group(world, subnet.scope, subnet.vpc)
    return () if group is None else (group.id,)


def _by_preference(subnets: tuple[Subnet, ...], request: InterfaceRequest) -> list[Subnet]:
    """Subnets, best first: fewest tasks of the deployment in the zone, then fewest peers there, then in the subnet."""
    of_deployment = Counter(t.availability_zone for t in request.peers if t.deployment == request.deployment)
    in_zone = Counter(t.availability_zone for t in request.peers)
    in_subnet = Counter(t.interface.subnet for t in request.peers)
    return sorted(subnets, key=lambda s: (of_deployment[s.zone], in_zone[s.zone], in_subnet[s.id]))
