"""VPCs.

Promise: as on AWS, a new VPC has a main route table, a default security group and a default network ACL, which are
deleted with it. A VPC with any other resource can't be deleted.
Refuses: ranges outside /16 to /28, IPAM, dedicated tenancy and encryption.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.ipv6 import ranges_of_vpc, requested_range
from moyai.api.ec2.ranges import block
from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import VpcResource, all_in_scope, all_in_vpc, default_vpc_of, default_vpc_records
from moyai.domain.vpc.default import DEFAULT_DESCRIPTION, default_vpc
from moyai.domain.vpc.endpoint import VpcEndpoint
from moyai.domain.vpc.errors import (
    DefaultVpcAlreadyExists,
    DependencyViolation,
    InvalidParameterValue,
    InvalidVpcRange,
    MissingParameter,
)
from moyai.domain.vpc.gateway import EgressOnlyGateway, InternetGateway, NatGateway
from moyai.domain.vpc.network_acl import NetworkAcl
from moyai.domain.vpc.not_found import VpcNotFound
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.quotas import VPCS, VpcLimitExceeded
from moyai.domain.vpc.route_table import RouteTable, RouteTableAssociation
from moyai.domain.vpc.security_group import (
    DEFAULT_NAME,
    GroupReference,
    SecurityGroup,
    default_egress_rules,
    group_ingress_rule,
)
from moyai.domain.vpc.vpc import DefaultVpc, Ipv4Range, Subnet, Vpc
from moyai.domain.vpc.without_effect import default_dhcp_options
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import DhcpOptionsId, RouteTableId, SecurityGroupId, VpcId

VPC: Final = "VpcId"


class CreateVpcRequest(ChangeRequest, frozen=True):
    cidr_block: str | None = None
    amazon_provided_ipv6_cidr_block: bool = False
    ipv6_cidr_block: str | None = None
    ipv6_pool: str | None = None
    instance_tenancy: str = "default"
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeVpcsRequest(PagedRequest, frozen=True):
    vpc_ids: tuple[str, ...] = ()


class DeleteVpcRequest(ChangeRequest, frozen=True):
    """The VPC to delete."""

    vpc_id: str


def create_vpc(ctx: Context, request: CreateVpcRequest) -> dict[str, object]:
    """Create a VPC with its main route table and its default security group."""
    if not request.cidr_block:
        raise MissingParameter("The request must contain the parameter CidrBlock.")
    check_tenancy(request.instance_tenancy)
    cidr = block(request.cidr_block, "CidrBlock", InvalidVpcRange)
    tags = new_tags(request.tag_specifications, "vpc")
    if len(all_in_scope(ctx.store.world, Vpc, ctx.scope)) >= VPCS:
        raise VpcLimitExceeded(VPCS)
    ipv6 = requested_range(ctx, request)
    vpc = Vpc(VpcId(new_id(ctx, "vpc")), ctx.scope, str(cidr), tags=tags, ipv6=ipv6)
    commit(ctx, request, Put(vpc), Put(_main_table(ctx, vpc)), Put(_default_group(ctx, vpc)))
    return {"vpc": _vpc(vpc)}


def create_default_vpc(ctx: Context, request: ChangeRequest) -> dict[str, object]:
    """Create the default VPC again after it was deleted, with the same ids as before."""
    existing = default_vpc_of(ctx.store.world, ctx.scope)
    if existing is not None:
        raise DefaultVpcAlreadyExists(f"A Default VPC already exists for this account in this region: {existing.id}.")
    commit(ctx, request, *default_vpc_records(ctx.scope))
    return {"vpc": _vpc(default_vpc(ctx.scope).vpc)}


def describe_vpcs(ctx: Context, request: DescribeVpcsRequest) -> dict[str, object]:
    """The VPCs of the scope."""
    page = select(_VPCS, all_in_scope(ctx.store.world, Vpc, ctx.scope), request.vpc_ids, request)
    return {"vpcs": [_vpc(vpc) for vpc in page.items], "next_token": page.next_token}


def delete_vpc(ctx: Context, request: DeleteVpcRequest) -> None:
    """Delete a VPC with its main route table, its default security group and its default network ACL."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    world = ctx.store.world
    tables = all_in_vpc(world, RouteTable, ctx.scope, vpc.id)
    groups = all_in_vpc(world, SecurityGroup, ctx.scope, vpc.id)
    acls = all_in_vpc(world, NetworkAcl, ctx.scope, vpc.id)
    in_use: dict[str, Sequence[VpcResource | VpcPeering]] = {
        "subnets": all_in_vpc(world, Subnet, ctx.scope, vpc.id),
        "internet gateways": all_in_vpc(world, InternetGateway, ctx.scope, vpc.id),
        "NAT gateways": all_in_vpc(world, NatGateway, ctx.scope, vpc.id),
        "egress-only internet gateways": all_in_vpc(world, EgressOnlyGateway, ctx.scope, vpc.id),
        "VPC endpoints": all_in_vpc(world, VpcEndpoint, ctx.scope, vpc.id),
        "network ACLs": [acl for acl in acls if not acl.is_default],
        "route tables": [table for table in tables if not table.is_main],
        "security groups": [group for group in groups if group.name != DEFAULT_NAME],
        "peering connections": [peering for peering in world.vpc_peerings.by("vpc", vpc.id) if peering.open],
    }
    for kind, resources in in_use.items():
        if resources:
            names = ", ".join(resource.id for resource in resources)
            raise DependencyViolation(f"The vpc '{vpc.id}' has dependencies and cannot be deleted: {kind} {names}.")
    default = [Put(DefaultVpc(ctx.scope, None))] if vpc.is_default else []
    parts: tuple[RouteTable | SecurityGroup | NetworkAcl | Vpc, ...] = (*tables, *groups, *acls, vpc)
    commit(ctx, request, *(Delete(type(part), part.id) for part in parts), *default)


def _main_table(ctx: Context, vpc: Vpc) -> RouteTable:
    main = RouteTableAssociation(new_id(ctx, "rtbassoc"))
    return RouteTable(RouteTableId(new_id(ctx, "rtb")), vpc.id, ctx.scope, associations=(main,))


def _default_group(ctx: Context, vpc: Vpc) -> SecurityGroup:
    group = SecurityGroupId(new_id(ctx, "sg"))
    members = group_ingress_rule(new_id(ctx, "sgr"), GroupReference(group, ctx.scope.account, vpc.id))
    rules = (members, *default_egress_rules(vpc, ctx.ids))
    return SecurityGroup(group, vpc.id, ctx.scope, DEFAULT_NAME, DEFAULT_DESCRIPTION, rules)


def _vpc(vpc: Vpc) -> dict[str, object]:
    return {
        "vpc_id": vpc.id,
        "owner_id": vpc.scope.account,
        "state": "available",
        "cidr_block": vpc.cidr,
        "cidr_block_association_set": [ipv4_association(each, "associated") for each in ipv4_ranges(vpc)],
        "ipv6_cidr_block_association_set": ranges_of_vpc(vpc.ipv6),
        "dhcp_options_id": dhcp_options_id(vpc),
        "instance_tenancy": "default",
        "is_default": vpc.is_default,
        "tags": tag_list(vpc.tags),
    }


def ipv4_ranges(vpc: Vpc) -> tuple[Ipv4Range, ...]:
    """The VPC's IPv4 ranges, the primary one first, with the ids of their associations."""
    return (Ipv4Range(vpc.id.replace("vpc-", "vpc-cidr-assoc-"), vpc.cidr), *vpc.secondary)


def ipv4_association(ipv4_range: Ipv4Range, state: str) -> dict[str, object]:
    """The association of an IPv4 range with a VPC, as responses have it."""
    return {"association_id": ipv4_range.id, "cidr_block": ipv4_range.cidr, "cidr_block_state": {"state": state}}


def dhcp_options_id(vpc: Vpc) -> DhcpOptionsId:
    """The id of the VPC's set of DHCP options."""
    return vpc.dhcp_options or default_dhcp_options(vpc.scope).id


def check_tenancy(tenancy: str) -> None:
    """Raise InvalidParameterValue for a tenancy other than ``default``, which only instances could have."""
    if tenancy != "default":
        raise InvalidParameterValue("InstanceTenancy: there are no instances here; leave it out.")


_VPCS = DescribedKind[Vpc](
    "VPCs",
    lambda vpc: vpc.id,
    MappingProxyType(
        {
            "vpc-id": lambda v: (v.id,),
            "cidr": lambda v: (v.cidr,),
            "cidr-block": lambda v: (v.cidr,),
            "cidr-block-association.association-id": lambda v: [each.id for each in ipv4_ranges(v)],
            "cidr-block-association.cidr-block": lambda v: v.cidrs,
            "cidr-block-association.state": lambda _: ("associated",),
            "ipv6-cidr-block-association.association-id": lambda v: () if v.ipv6 is None else (v.ipv6.id,),
            "ipv6-cidr-block-association.ipv6-cidr-block": lambda v: () if v.ipv6 is None else (v.ipv6.cidr,),
            "ipv6-cidr-block-association.ipv6-pool": lambda v: () if v.ipv6 is None else (v.ipv6.pool,),
            "ipv6-cidr-block-association.state": lambda v: () if v.ipv6 is None else ("associated",),
            "dhcp-options-id": lambda v: (dhcp_options_id(v),),
            "is-default": lambda v: flag(v.is_default),
            "isDefault": lambda v: flag(v.is_default),
            "owner-id": lambda v: (v.scope.account,),
            "state": lambda _: ("available",),
        }
    ),
    VpcNotFound,
    lambda vpc: vpc.tags,
)
