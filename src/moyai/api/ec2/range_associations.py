"""Secondary IPv4 ranges of VPCs, and IPv6 ranges of existing VPCs and subnets: associate and disassociate.

Promise: a VPC's range can't be removed while a subnet has a part of it, nor a subnet's range while a task has an
address in it. Running tasks are not affected. A secondary range does not overlap any range of its VPC or of a peered
VPC, and no route of the VPC has a destination within it, so that an address means the same host in all these VPCs.
Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateVpcCidrBlock.html,
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, commit, new_id, resource_of
from moyai.api.ec2.ipv6 import (
    VPC_ASSOCIATION,
    groups_with_ipv6_egress,
    new_subnet_range,
    requested_range,
    subnet_range_association,
    vpc_range_association,
)
from moyai.api.ec2.ranges import block
from moyai.api.ec2.subnets import SUBNET
from moyai.api.ec2.vpcs import VPC, ipv4_association, ipv4_ranges
from moyai.api.operation import Context
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc, find_in_scope, peered_ranges
from moyai.domain.vpc.errors import (
    DependencyViolation,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidVpcRange,
    MissingParameter,
    OperationNotPermitted,
    ResourceAlreadyAssociated,
)
from moyai.domain.vpc.not_found import SubnetNotFound, SubnetRangeNotFound, VpcNotFound, VpcRangeNotFound
from moyai.domain.vpc.quotas import VPC_RANGES, VpcCidrBlockLimitExceeded
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Ipv4Range, Ipv6Range, Subnet, Vpc
from moyai.domain.world import Put
from moyai.plan.network.host_ports import bridge_range
from moyai.plan.network.interfaces import nodes_in

_RESERVED: Final = tuple(
    map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "198.19.0.0/16", "224.0.0.0/3"))
)
"""Ranges that can't be a VPC's secondary range."""


class AssociateVpcRequest(msgspec.Struct, frozen=True):
    vpc_id: str
    cidr_block: str | None = None
    amazon_provided_ipv6_cidr_block: bool = False
    ipv6_cidr_block: str | None = None
    ipv6_pool: str | None = None


class AssociateSubnetRequest(msgspec.Struct, frozen=True):
    subnet_id: str
    ipv6_cidr_block: str | None = None


class DisassociateRequest(msgspec.Struct, frozen=True):
    """The association of a range to remove."""

    association_id: str


def associate_vpc_cidr_block(ctx: Context, request: AssociateVpcRequest) -> dict[str, object]:
    """Associate a secondary IPv4 range or an IPv6 range with a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    if request.cidr_block:
        if request.amazon_provided_ipv6_cidr_block or request.ipv6_cidr_block:
            raise InvalidParameterCombination("A request associates one range, of IPv4 or of IPv6.")
        ipv4_range = Ipv4Range(new_id(ctx, VPC_ASSOCIATION), str(_secondary_range(ctx, vpc, request.cidr_block)))
        commit(ctx, ChangeRequest(), Put(replace(vpc, secondary=(*vpc.secondary, ipv4_range))))
        return {"vpc_id": vpc.id, "cidr_block_association": ipv4_association(ipv4_range, "associating")}
    new_range = requested_range(ctx, request)
    if new_range is None:
        raise MissingParameter(
            "The request must contain the parameter CidrBlock, Ipv6CidrBlock or AmazonProvidedIpv6CidrBlock."
        )
    if vpc.ipv6 is not None:
        raise ResourceAlreadyAssociated(f"{vpc.id} has an IPv6 range, {vpc.ipv6.cidr}; a VPC has one here.")
    groups = groups_with_ipv6_egress(ctx, all_in_vpc(ctx.store.world, SecurityGroup, ctx.scope, vpc.id))
    commit(ctx, ChangeRequest(), Put(replace(vpc, ipv6=new_range)), *groups)
    return {"vpc_id": vpc.id, "ipv6_cidr_block_association": vpc_range_association(new_range, "associating")}


def disassociate_vpc_cidr_block(ctx: Context, request: DisassociateRequest) -> dict[str, object]:
    """Disassociate a secondary IPv4 range or the IPv6 range of a VPC."""
    for vpc in all_in_scope(ctx.store.world, Vpc, ctx.scope):
        primary, *secondary_ranges = ipv4_ranges(vpc)
        if primary.id == request.association_id:
            raise OperationNotPermitted(
                f"The vpc CIDR block with association ID {request.association_id} may not be disassociated. It is the "
                "primary IPv4 CIDR block of the VPC"
            )
        ipv4_range = next((each for each in secondary_ranges if each.id == request.association_id), None)
        if ipv4_range is not None:
            return _remove_ipv4(ctx, vpc, ipv4_range)
        if vpc.ipv6 is not None and vpc.ipv6.id == request.association_id:
            return _remove_ipv6(ctx, vpc, vpc.ipv6)
    raise VpcRangeNotFound([request.association_id])


def _remove_ipv4(ctx: Context, vpc: Vpc, ipv4_range: Ipv4Range) -> dict[str, object]:
    subnets = all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id)
    network = IPv4Network(ipv4_range.cidr)
    _check_unused(ipv4_range.cidr, [s.id for s in subnets if IPv4Network(s.cidr).subnet_of(network)])
    remaining = tuple(each for each in vpc.secondary if each != ipv4_range)
    commit(ctx, ChangeRequest(), Put(replace(vpc, secondary=remaining)))
    return {"vpc_id": vpc.id, "cidr_block_association": ipv4_association(ipv4_range, "disassociating")}


def _remove_ipv6(ctx: Context, vpc: Vpc, ipv6_range: Ipv6Range) -> dict[str, object]:
    subnets = all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id)
    _check_unused(ipv6_range.cidr, [s.id for s in subnets if s.ipv6 is not None])
    commit(ctx, ChangeRequest(), Put(replace(vpc, ipv6=None)))
    return {"vpc_id": vpc.id, "ipv6_cidr_block_association": vpc_range_association(ipv6_range, "disassociating")}


def _check_unused(cidr: str, users: Sequence[str]) -> None:
    if users:
        raise DependencyViolation(f"The range {cidr} is in use and can't be disassociated: {', '.join(users[:5])}.")


def associate_subnet_cidr_block(ctx: Context, request: AssociateSubnetRequest) -> dict[str, object]:
    """Associate an IPv6 range with a subnet."""
    subnet = resource_of(ctx, Subnet, request.subnet_id, SubnetNotFound, SUBNET)
    if not request.ipv6_cidr_block:
        raise MissingParameter("The request must contain the parameter Ipv6CidrBlock.")
    if subnet.ipv6 is not None:
        raise ResourceAlreadyAssociated(f"{subnet.id} has an IPv6 range, {subnet.ipv6.cidr}; a subnet has one.")
    vpc = find_in_scope(ctx.store.world, Vpc, ctx.scope, subnet.vpc)
    if vpc is None:
        raise InvalidParameterValue(f"The VPC of {subnet.id} does not exist.")
    others = all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id)
    new_range = new_subnet_range(ctx, vpc, request.ipv6_cidr_block, others)
    commit(ctx, ChangeRequest(), Put(replace(subnet, ipv6=new_range)))
    return {"subnet_id": subnet.id, "ipv6_cidr_block_association": subnet_range_association(new_range, "associating")}


def disassociate_subnet_cidr_block(ctx: Context, request: DisassociateRequest) -> dict[str, object]:
    """Disassociate the IPv6 range of a subnet."""
    world = ctx.store.world
    ranges = ((subnet, subnet.ipv6) for subnet in all_in_scope(world, Subnet, ctx.scope) if subnet.ipv6 is not None)
    subnet, ipv6_range = next(((s, r) for s, r in ranges if r.id == request.association_id), (None, None))
    if subnet is None or ipv6_range is None:
        raise SubnetRangeNotFound([request.association_id])
    tasks = (task.interface for task in world.tasks.each("subnet", subnet.id) if not task.stopped)
    interfaces = (*tasks, *(node.interface for node in nodes_in(world, subnet.id)))
    users = [i.id for i in interfaces if i.ipv6_address is not None]
    _check_unused(ipv6_range.cidr, users)
    commit(ctx, ChangeRequest(), Put(replace(subnet, ipv6=None, assign_ipv6_on_creation=False)))
    association = subnet_range_association(ipv6_range, "disassociating")
    return {"subnet_id": subnet.id, "ipv6_cidr_block_association": association}


def _secondary_range(ctx: Context, vpc: Vpc, text: str) -> IPv4Network:
    """The requested secondary range. Raises EC2's errors."""
    cidr = block(text, "CidrBlock", InvalidVpcRange)
    if len(vpc.cidrs) >= VPC_RANGES:
        raise VpcCidrBlockLimitExceeded(VPC_RANGES)
    networks_by_reason = {
        "the range is reserved": _RESERVED,
        f"{vpc.id} has it": tuple(map(IPv4Network, vpc.cidrs)),
        "container instances of the VPC have it for bridges": (bridge_range(vpc.cidr),),
        "a peered VPC has it": tuple(map(IPv4Network, peered_ranges(ctx.store.world, vpc))),
    }
    for reason, networks in networks_by_reason.items():
        clash = next((network for network in networks if cidr.overlaps(network)), None)
        if clash is not None:
            raise InvalidVpcRange(f"The CIDR '{cidr}' is invalid: it overlaps {clash}; {reason}.")
    for table in all_in_vpc(ctx.store.world, RouteTable, ctx.scope, vpc.id):
        route = next((each for each in table.ipv4_routes if IPv4Network(each.destination).subnet_of(cidr)), None)
        if route is not None:
            raise InvalidVpcRange(f"The CIDR '{cidr}' is invalid: {table.id} has a route to {route.destination}.")
    return cidr
