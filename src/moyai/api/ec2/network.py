"""The default VPC: itself, its subnets, its security groups, the zones it spans.

Promise: every account has it in every region from the start, with the same ids each time.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
"""

from __future__ import annotations

from ipaddress import IPv4Network
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from moyai.api.ec2.select import ALWAYS, Filter, Kind, PagedRequest, passing, select
from moyai.api.operation import Context
from moyai.domain.vpc.default import SecurityGroup, Subnet, Vpc, default_vpc
from moyai.domain.vpc.errors import (
    DryRunOperation,
    GroupNotFound,
    InvalidParameterValue,
    NotFound,
    SubnetNotFound,
    VpcNotFound,
)
from moyai.domain.world import World
from moyai.kernel.arn import arn

_RESERVED = 5  # addresses of a subnet that AWS keeps for itself


class DescribeVpcsRequest(PagedRequest, frozen=True):
    """Which VPCs."""

    vpc_ids: tuple[str, ...] = ()
    dry_run: bool = False


class DescribeSubnetsRequest(PagedRequest, frozen=True):
    """Which subnets."""

    subnet_ids: tuple[str, ...] = ()
    dry_run: bool = False


class DescribeSecurityGroupsRequest(PagedRequest, frozen=True):
    """Which security groups."""

    group_ids: tuple[str, ...] = ()
    group_names: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()


class DescribeAvailabilityZonesRequest(msgspec.Struct, frozen=True):
    """Which zones."""

    zone_names: tuple[str, ...] = ()
    zone_ids: tuple[str, ...] = ()
    all_availability_zones: bool = False
    dry_run: bool = False
    filters: tuple[Filter, ...] = ()


class _Zone(NamedTuple):
    name: str
    id: str
    region: str


def describe_vpcs(ctx: Context, request: DescribeVpcsRequest) -> dict[str, object]:
    """The VPCs of the scope: the default one."""
    found = select(_VPCS, [default_vpc(ctx.scope)], request.vpc_ids, request)
    return {"vpcs": [_vpc(vpc) for vpc in found.items], "next_token": found.next_token}


def describe_subnets(ctx: Context, request: DescribeSubnetsRequest) -> dict[str, object]:
    """The subnets of the default VPC, with the addresses that are left in each."""
    vpc = default_vpc(ctx.scope)
    inside = [_InVpc(vpc, subnet) for subnet in vpc.subnets]
    found = select(_SUBNETS, inside, request.subnet_ids, request)
    return {
        "subnets": [_subnet(ctx.store.world, one) for one in found.items],
        "next_token": found.next_token,
    }


def describe_security_groups(ctx: Context, request: DescribeSecurityGroupsRequest) -> dict[str, object]:
    """The security groups of the default VPC. Their rules are shown and not enforced."""
    vpc = default_vpc(ctx.scope)
    groups = [_GroupInVpc(vpc, group) for group in vpc.security_groups]
    unknown = sorted(set(request.group_names) - {one.group.name for one in groups})
    if unknown:
        raise GroupNotFound(unknown)
    named = [one for one in groups if not request.group_names or one.group.name in request.group_names]
    found = select(_GROUPS, named, request.group_ids, request)
    return {"security_groups": [_group(one) for one in found.items], "next_token": found.next_token}


def describe_availability_zones(ctx: Context, request: DescribeAvailabilityZonesRequest) -> dict[str, object]:
    """The region's three zones. All of them are in use, so ``all_availability_zones`` adds none."""
    zones = [_Zone(s.zone, s.zone_id, ctx.scope.region) for s in default_vpc(ctx.scope).subnets]
    unknown = sorted(set(request.zone_names) - {z.name for z in zones}) or sorted(
        set(request.zone_ids) - {z.id for z in zones}
    )
    if unknown:
        raise InvalidParameterValue(f"Invalid availability zone: [{', '.join(unknown)}]")
    wanted = [
        zone
        for zone in zones
        if (not request.zone_names or zone.name in request.zone_names)
        and (not request.zone_ids or zone.id in request.zone_ids)
    ]
    found = passing(_ZONES, wanted, request.filters)
    if request.dry_run:
        raise DryRunOperation
    return {"availability_zones": [_zone(zone) for zone in found]}


class _InVpc(NamedTuple):
    vpc: Vpc
    subnet: Subnet


class _GroupInVpc(NamedTuple):
    vpc: Vpc
    group: SecurityGroup


def _vpc(vpc: Vpc) -> dict[str, object]:
    return {
        "vpc_id": vpc.id,
        "owner_id": vpc.scope.account,
        "state": "available",
        "cidr_block": vpc.cidr,
        "cidr_block_association_set": [
            {
                "association_id": vpc.id.replace("vpc-", "vpc-cidr-assoc-"),
                "cidr_block": vpc.cidr,
                "cidr_block_state": {"state": "associated"},
            }
        ],
        "dhcp_options_id": vpc.id.replace("vpc-", "dopt-"),
        "instance_tenancy": "default",
        "is_default": True,
    }


def _subnet(world: World, one: _InVpc) -> dict[str, object]:
    vpc, subnet = one
    taken = sum(1 for task in world.tasks.by("vpc", vpc.id) if task.interface.subnet == subnet.id)
    return {
        "subnet_id": subnet.id,
        "subnet_arn": arn("ec2", vpc.scope, f"subnet/{subnet.id}"),
        "vpc_id": vpc.id,
        "owner_id": vpc.scope.account,
        "state": "available",
        "cidr_block": subnet.cidr,
        "available_ip_address_count": IPv4Network(subnet.cidr).num_addresses - _RESERVED - taken,
        "availability_zone": subnet.zone,
        "availability_zone_id": subnet.zone_id,
        "default_for_az": True,
        "map_public_ip_on_launch": True,
        "assign_ipv6_address_on_creation": False,
        "ipv6_native": False,
    }


def _group(one: _GroupInVpc) -> dict[str, object]:
    vpc, group = one
    own = {"group_id": group.id, "user_id": vpc.scope.account}
    return {
        "group_id": group.id,
        "security_group_arn": arn("ec2", vpc.scope, f"security-group/{group.id}"),
        "group_name": group.name,
        "description": group.description,
        "vpc_id": vpc.id,
        "owner_id": vpc.scope.account,
        "ip_permissions": [{"ip_protocol": "-1", "user_id_group_pairs": [own]}],
        "ip_permissions_egress": [{"ip_protocol": "-1", "ip_ranges": [{"cidr_ip": "0.0.0.0/0"}]}],
    }


def _zone(zone: _Zone) -> dict[str, object]:
    return {
        "zone_name": zone.name,
        "zone_id": zone.id,
        "region_name": zone.region,
        "group_name": f"{zone.region}-zg-1",
        "network_border_group": zone.region,
        "zone_type": "availability-zone",
        "opt_in_status": "opt-in-not-required",
        "state": "available",
    }


_VPCS = Kind[Vpc](
    "VPCs",
    lambda vpc: vpc.id,
    MappingProxyType(
        {
            "vpc-id": lambda v: (v.id,),
            "cidr": lambda v: (v.cidr,),
            "cidr-block-association.cidr-block": lambda v: (v.cidr,),
            "is-default": lambda _: ALWAYS,
            "isDefault": lambda _: ALWAYS,
            "owner-id": lambda v: (v.scope.account,),
            "state": lambda _: ("available",),
        }
    ),
    VpcNotFound,
)
_SUBNETS = Kind[_InVpc](
    "subnets",
    lambda one: one.subnet.id,
    MappingProxyType(
        {
            "subnet-id": lambda o: (o.subnet.id,),
            "vpc-id": lambda o: (o.vpc.id,),
            "availability-zone": lambda o: (o.subnet.zone,),
            "availabilityZone": lambda o: (o.subnet.zone,),
            "availability-zone-id": lambda o: (o.subnet.zone_id,),
            "availabilityZoneId": lambda o: (o.subnet.zone_id,),
            "cidr": lambda o: (o.subnet.cidr,),
            "cidr-block": lambda o: (o.subnet.cidr,),
            "cidrBlock": lambda o: (o.subnet.cidr,),
            "default-for-az": lambda _: ALWAYS,
            "defaultForAz": lambda _: ALWAYS,
            "map-public-ip-on-launch": lambda _: ALWAYS,
            "owner-id": lambda o: (o.vpc.scope.account,),
            "state": lambda _: ("available",),
        }
    ),
    SubnetNotFound,
)
_GROUPS = Kind[_GroupInVpc](
    "security groups",
    lambda one: one.group.id,
    MappingProxyType(
        {
            "group-id": lambda o: (o.group.id,),
            "group-name": lambda o: (o.group.name,),
            "description": lambda o: (o.group.description,),
            "vpc-id": lambda o: (o.vpc.id,),
            "owner-id": lambda o: (o.vpc.scope.account,),
        }
    ),
    GroupNotFound,
)
_ZONES = Kind[_Zone](
    "availability zones",
    lambda zone: zone.name,
    MappingProxyType(
        {
            "zone-name": lambda z: (z.name,),
            "zone-id": lambda z: (z.id,),
            "region-name": lambda z: (z.region,),
            "group-name": lambda z: (f"{z.region}-zg-1",),
            "opt-in-status": lambda _: ("opt-in-not-required",),
            "zone-type": lambda _: ("availability-zone",),
            "state": lambda _: ("available",),
        }
    ),
    NotFound,
)
