"""VPCs.

Promise: as on AWS, a new VPC has a main route table and a default security group. Both are deleted with it; as long as
it has any other resource, it can't be deleted.
Refuses: ranges outside /16 to /28, IPv6 ranges that the caller brings, IPAM, dedicated tenancy and encryption.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.ipv6 import new_vpc_range, ranges_of_vpc
from moyai.api.ec2.ranges import block
from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import VpcResource, all_in_scope, all_in_vpc, default_vpc_of, default_vpc_records
from moyai.domain.vpc.default import DEFAULT_DESCRIPTION, default_vpc
from moyai.domain.vpc.errors import (
    DefaultVpcAlreadyExists,
    DependencyViolation,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidVpcRange,
    MissingParameter,
)
from moyai.domain.vpc.gateway import InternetGateway, NatGateway
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
from moyai.domain.vpc.vpc import DefaultVpc, Subnet, Vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import RouteTableId, SecurityGroupId, VpcId

VPC: Final = "VpcId"


class CreateVpcRequest(ChangeRequest, frozen=True):
    cidr_block: str | None = None
    amazon_provided_ipv6_cidr_block: bool = False
    instance_tenancy: str = "default"
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeVpcsRequest(PagedRequest, frozen=True):
    vpc_ids: tuple[str, ...] = ()


class DeleteVpcRequest(ChangeRequest, frozen=True):
    """The VPC to delete."""

    vpc_id: str


class AttributeValue(msgspec.Struct, frozen=True):
    """The value of a boolean attribute."""

    value: bool = False


class ModifyVpcAttributeRequest(msgspec.Struct, frozen=True):
    """The new value of an attribute of a VPC."""

    vpc_id: str
    enable_dns_hostnames: AttributeValue | None = None
    enable_dns_support: AttributeValue | None = None
    enable_network_address_usage_metrics: AttributeValue | None = None


class DescribeVpcAttributeRequest(ChangeRequest, frozen=True):
    """The attribute of a VPC to describe."""

    attribute: str
    vpc_id: str


def create_vpc(ctx: Context, request: CreateVpcRequest) -> dict[str, object]:
    """Make a VPC with its main route table and its default security group."""
    if not request.cidr_block:
        raise MissingParameter("The request must contain the parameter CidrBlock.")
    if request.instance_tenancy != "default":
        raise InvalidParameterValue("InstanceTenancy: there are no instances here; leave it out.")
    cidr = block(request.cidr_block, "CidrBlock", InvalidVpcRange)
    tags = new_tags(request.tag_specifications, "vpc")
    if len(all_in_scope(ctx.store.world, Vpc, ctx.scope)) >= VPCS:
        raise VpcLimitExceeded(VPCS)
    ipv6 = new_vpc_range(ctx) if request.amazon_provided_ipv6_cidr_block else None
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
    chosen = select(_VPCS, all_in_scope(ctx.store.world, Vpc, ctx.scope), request.vpc_ids, request)
    return {"vpcs": [_vpc(vpc) for vpc in chosen.items], "next_token": chosen.next_token}


def delete_vpc(ctx: Context, request: DeleteVpcRequest) -> None:
    """Delete a VPC with its main route table and its default security group."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    world = ctx.store.world
    tables = all_in_vpc(world, RouteTable, ctx.scope, vpc.id)
    groups = all_in_vpc(world, SecurityGroup, ctx.scope, vpc.id)
    in_use: dict[str, Sequence[VpcResource | VpcPeering]] = {
        "subnets": all_in_vpc(world, Subnet, ctx.scope, vpc.id),
        "internet gateways": all_in_vpc(world, InternetGateway, ctx.scope, vpc.id),
        "NAT gateways": all_in_vpc(world, NatGateway, ctx.scope, vpc.id),
        "route tables": [table for table in tables if not table.main],
        "security groups": [group for group in groups if group.name != DEFAULT_NAME],
        "peering connections": [peering for peering in world.vpc_peerings.by("vpc", vpc.id) if peering.open],
    }
    for kind, resources in in_use.items():
        if resources:
            names = ", ".join(resource.id for resource in resources)
            raise DependencyViolation(f"The vpc '{vpc.id}' has dependencies and cannot be deleted: {kind} {names}.")
    default = [Put(DefaultVpc(ctx.scope, None))] if vpc.is_default else []
    parts: tuple[RouteTable | SecurityGroup | Vpc, ...] = (*tables, *groups, vpc)
    commit(ctx, request, *(Delete(type(part), part.id) for part in parts), *default)


def modify_vpc_attribute(ctx: Context, request: ModifyVpcAttributeRequest) -> None:
    """Set an attribute. Only EnableDnsHostnames can change, without any effect: tasks have a resolver in any case."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    attributes = [
        name
        for name, value in (
            ("EnableDnsHostnames", request.enable_dns_hostnames),
            ("EnableDnsSupport", request.enable_dns_support),
            ("EnableNetworkAddressUsageMetrics", request.enable_network_address_usage_metrics),
        )
        if value is not None
    ]
    if len(attributes) != 1:
        raise InvalidParameterCombination("Exactly one attribute of a VPC can be modified at a time.")
    if request.enable_dns_support is not None and not request.enable_dns_support.value:
        raise InvalidParameterValue("EnableDnsSupport: a VPC's resolver can't be turned off here; leave it true.")
    if request.enable_network_address_usage_metrics is not None and request.enable_network_address_usage_metrics.value:
        raise InvalidParameterValue("EnableNetworkAddressUsageMetrics: there are no such metrics; leave it false.")
    if request.enable_dns_hostnames is not None:
        changed = replace(vpc, dns_hostnames=request.enable_dns_hostnames.value)
        commit(ctx, ChangeRequest(), Put(changed))


def describe_vpc_attribute(ctx: Context, request: DescribeVpcAttributeRequest) -> dict[str, object]:
    """The value of an attribute of a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    values = {
        "enableDnsSupport": ("enable_dns_support", True),
        "enableDnsHostnames": ("enable_dns_hostnames", vpc.dns_hostnames),
        "enableNetworkAddressUsageMetrics": ("enable_network_address_usage_metrics", False),
    }
    if request.attribute not in values:
        raise InvalidParameterValue(f"Attribute is one of {', '.join(values)}, not '{request.attribute[:60]}'.")
    if request.dry_run:
        commit(ctx, request)
    member, value = values[request.attribute]
    return {"vpc_id": vpc.id, member: {"value": value}}


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
        "cidr_block_association_set": [
            {
                "association_id": range_id(vpc),
                "cidr_block": vpc.cidr,
                "cidr_block_state": {"state": "associated"},
            }
        ],
        "ipv6_cidr_block_association_set": ranges_of_vpc(vpc.ipv6),
        "dhcp_options_id": _dhcp_id(vpc),
        "instance_tenancy": "default",
        "is_default": vpc.is_default,
        "tags": tag_list(vpc.tags),
    }


def range_id(vpc: Vpc) -> str:
    """The id of the VPC's association with its IPv4 range."""
    return vpc.id.replace("vpc-", "vpc-cidr-assoc-")


def _dhcp_id(vpc: Vpc) -> str:
    return vpc.id.replace("vpc-", "dopt-")


_VPCS = DescribedKind[Vpc](
    "VPCs",
    lambda vpc: vpc.id,
    MappingProxyType(
        {
            "vpc-id": lambda v: (v.id,),
            "cidr": lambda v: (v.cidr,),
            "cidr-block": lambda v: (v.cidr,),
            "cidr-block-association.association-id": lambda v: (range_id(v),),
            "cidr-block-association.cidr-block": lambda v: (v.cidr,),
            "cidr-block-association.state": lambda _: ("associated",),
            "ipv6-cidr-block-association.association-id": lambda v: () if v.ipv6 is None else (v.ipv6.id,),
            "ipv6-cidr-block-association.ipv6-cidr-block": lambda v: () if v.ipv6 is None else (v.ipv6.cidr,),
            "ipv6-cidr-block-association.ipv6-pool": lambda v: () if v.ipv6 is None else ("Amazon",),
            "ipv6-cidr-block-association.state": lambda v: () if v.ipv6 is None else ("associated",),
            "dhcp-options-id": lambda v: (_dhcp_id(v),),
            "is-default": lambda v: flag(v.is_default),
            "isDefault": lambda v: flag(v.is_default),
            "owner-id": lambda v: (v.scope.account,),
            "state": lambda _: ("available",),
        }
    ),
    VpcNotFound,
    lambda vpc: vpc.tags,
)
