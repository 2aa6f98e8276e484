"""The nodes of load balancers: one in each of a load balancer's subnets, with a network interface of its own.

Promise: no two nodes of a load balancer have the same address, and a node's addresses never change.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AvailabilityZone.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.elb.errors import InvalidConfigurationRequest, InvalidSubnet
from moyai.domain.elb.load_balancer import DUAL_STACK, IPV4, LoadBalancerNode, Scheme
from moyai.domain.queries.vpc import address_user
from moyai.domain.vpc.gateway import ElasticAddress
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.ids import AllocationId, Ids, SecurityGroupId
from moyai.plan.network.interfaces import new_interface, numbered_ipv6

_DRAWS: Final = 100


class NodePlacement(NamedTuple):
    """The subnet of a new node, and the elastic address that it gets."""

    subnet: Subnet
    elastic: ElasticAddress | None = None

    @property
    def allocation(self) -> AllocationId | None:
        """The id of the elastic address."""
        return None if self.elastic is None else self.elastic.id


def new_nodes(
    world: World,
    placements: Sequence[NodePlacement],
    groups: tuple[SecurityGroupId, ...],
    scheme: Scheme,
    ids: Ids,
    ip_address_type: str = IPV4,
) -> tuple[LoadBalancerNode, ...]:
    """A node at each of the placements, with the addresses of the type. Raises InvalidSubnet where a subnet is full,
    and InvalidConfigurationRequest where something else has the elastic address.
    """
    nodes: list[LoadBalancerNode] = []
    for placement in placements:
        subnet, elastic = placement
        is_public = scheme is Scheme.INTERNET_FACING and elastic is None
        drawn = (new_interface(world, subnet, groups, ids, public=is_public) for _ in range(_DRAWS))
        interface = _first_unused(drawn, nodes, subnet)
        if elastic is not None:
            _check_unused(world, elastic, nodes)
            interface = replace(interface, public_address=elastic.public_address)
        interface = with_address_type(interface, subnet, ip_address_type)
        nodes.append(LoadBalancerNode(subnet.id, subnet.zone, interface, placement.allocation))
    return tuple(nodes)


def with_address_type(interface: NetworkInterface, subnet: Subnet, ip_address_type: str) -> NetworkInterface:
    """The interface of a node with the addresses of the type: one of IPv6 with ``dualstack``."""
    is_dual = ip_address_type == DUAL_STACK
    return replace(interface, ipv6_address=numbered_ipv6(subnet, interface.address) if is_dual else None)


def _first_unused(
    drawn: Iterable[NetworkInterface | None], siblings: Sequence[LoadBalancerNode], subnet: Subnet
) -> NetworkInterface:
    """The first interface whose randomly chosen public address no sibling has."""
    in_use = {node.interface.public_address for node in siblings} - {None}
    for interface in drawn:
        if interface is None:
            break
        if interface.public_address not in in_use:
            return interface
    raise InvalidSubnet(f"Not enough IP space available in {subnet.id}, or no public address is left")


def _check_unused(world: World, elastic: ElasticAddress, siblings: Sequence[LoadBalancerNode]) -> None:
    user = address_user(world, elastic)
    if user is not None or any(node.allocation == elastic.id for node in siblings):
        raise InvalidConfigurationRequest(
            f"The allocation ID '{elastic.id}' is in use by {user.owner if user else 'another subnet of the request'}"
        )
