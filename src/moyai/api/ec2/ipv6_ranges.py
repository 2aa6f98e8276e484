"""IPv6 ranges of existing VPCs and subnets: associate and disassociate.

Promise: a VPC's IPv6 range cannot be removed while a subnet has a part of it, nor a subnet's while a task has an
address in it. Running tasks are not affected.
Refuses: secondary IPv4 ranges, and IPv6 ranges that the caller brings.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateVpcCidrBlock.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, commit, resource_of
from moyai.api.ec2.ipv6 import groups_with_ipv6_egress, new_subnet_range, new_vpc_range, of_subnet, of_vpc
from moyai.api.ec2.subnets import SUBNET
from moyai.api.ec2.vpcs import VPC, range_id
from moyai.api.operation import Context
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc, find_in_scope
from moyai.domain.vpc.errors import (
    DependencyViolation,
    InvalidParameterValue,
    MissingParameter,
    OperationNotPermitted,
    ResourceAlreadyAssociated,
)
from moyai.domain.vpc.not_found import SubnetNotFound, SubnetRangeNotFound, VpcNotFound, VpcRangeNotFound
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import Put


class AssociateVpcRequest(msgspec.Struct, frozen=True):
    vpc_id: str
    amazon_provided_ipv6_cidr_block: bool = False


class AssociateSubnetRequest(msgspec.Struct, frozen=True):
    subnet_id: str
    ipv6_cidr_block: str | None = None


class DisassociateRequest(msgspec.Struct, frozen=True):
    """The association of a range to remove."""

    association_id: str


def associate_vpc_cidr_block(ctx: Context, request: AssociateVpcRequest) -> dict[str, object]:
    """Associate an IPv6 range with a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    if not request.amazon_provided_ipv6_cidr_block:
        raise MissingParameter("The request must contain the parameter AmazonProvidedIpv6CidrBlock.")
    if vpc.ipv6 is not None:
        raise ResourceAlreadyAssociated(f"{vpc.id} has an IPv6 range, {vpc.ipv6.cidr}; a VPC has one here.")
    new_range = new_vpc_range(ctx)
    groups = groups_with_ipv6_egress(ctx, all_in_vpc(ctx.store.world, SecurityGroup, ctx.scope, vpc.id))
    commit(ctx, ChangeRequest(), Put(replace(vpc, ipv6=new_range)), *groups)
    return {"vpc_id": vpc.id, "ipv6_cidr_block_association": of_vpc(new_range, "associating")}


def disassociate_vpc_cidr_block(ctx: Context, request: DisassociateRequest) -> dict[str, object]:
    """Disassociate the IPv6 range of a VPC."""
    vpcs = all_in_scope(ctx.store.world, Vpc, ctx.scope)
    if any(range_id(vpc) == request.association_id for vpc in vpcs):
        raise OperationNotPermitted(
            f"The vpc CIDR block with association ID {request.association_id} may not be disassociated. It is the "
            "primary IPv4 CIDR block of the VPC"
        )
    ranges = ((vpc, vpc.ipv6) for vpc in vpcs if vpc.ipv6 is not None)
    vpc, ipv6_range = next(((v, r) for v, r in ranges if r.id == request.association_id), (None, None))
    if vpc is None or ipv6_range is None:
        raise VpcRangeNotFound([request.association_id])
    users = [s.id for s in all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id) if s.ipv6 is not None]
    if users:
        raise DependencyViolation(f"The range {ipv6_range.cidr} is in use and can't be taken back: {', '.join(users)}.")
    commit(ctx, ChangeRequest(), Put(replace(vpc, ipv6=None)))
    return {"vpc_id": vpc.id, "ipv6_cidr_block_association": of_vpc(ipv6_range, "disassociating")}


def associate_subnet_cidr_block(ctx: Context, request: AssociateSubnetRequest) -> dict[str, object]:
    """Associate an IPv6 range with a subnet."""
    subnet = resource_of(ctx, Subnet, request.subnet_id, SubnetNotFound, SUBNET)
    if not request.ipv6_cidr_block:
        raise MissingParameter("The request must contain the parameter Ipv6CidrBlock.")
    if subnet.ipv6 is not None:
        raise ResourceAlreadyAssociated(f"{subnet.id} has an IPv6 range, {subnet.ipv6.cidr}; a subnet has one.")
    vpc = find_in_scope(ctx.store.world, Vpc, ctx.scope, subnet.vpc)
    if vpc is None:
        raise InvalidParameterValue(f"The VPC of {subnet.id} is gone.")
    others = all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id)
    new_range = new_subnet_range(ctx, vpc, request.ipv6_cidr_block, others)
    commit(ctx, ChangeRequest(), Put(replace(subnet, ipv6=new_range)))
    return {"subnet_id": subnet.id, "ipv6_cidr_block_association": of_subnet(new_range, "associating")}


def disassociate_subnet_cidr_block(ctx: Context, request: DisassociateRequest) -> dict[str, object]:
    """Disassociate the IPv6 range of a subnet."""
    world = ctx.store.world
    ranges = ((subnet, subnet.ipv6) for subnet in all_in_scope(world, Subnet, ctx.scope) if subnet.ipv6 is not None)
    subnet, ipv6_range = next(((s, r) for s, r in ranges if r.id == request.association_id), (None, None))
    if subnet is None or ipv6_range is None:
        raise SubnetRangeNotFound([request.association_id])
    interfaces = (task.interface for task in world.tasks.each("subnet", subnet.id) if not task.stopped)
    users = [i.id for i in interfaces if i.ipv6_address is not None]
    if users:
        raise DependencyViolation(
            f"The range {ipv6_range.cidr} is in use and can't be taken back: {', '.join(users[:5])}."
        )
    commit(ctx, ChangeRequest(), Put(replace(subnet, ipv6=None, assign_ipv6_on_creation=False)))
    return {"subnet_id": subnet.id, "ipv6_cidr_block_association": of_subnet(ipv6_range, "disassociating")}
