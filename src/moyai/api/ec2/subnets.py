"""Subnets.

Promise: a subnet is in one availability zone, by default the region's first. Its range is a part of its VPC's range and
overlaps no other subnet's in that VPC. ``MapPublicIpOnLaunch`` is stored and returned, and has no effect: a task gets a
public address if its own assignPublicIp says so, as on AWS. ``AssignIpv6AddressOnCreation`` has no effect either: every
task in a subnet with an IPv6 range gets an address of it, as on Fargate.
Refuses: subnets without IPv4, Outposts, IPAM, and host names of the type ``resource-name``.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.ipv6 import new_subnet_range, ranges_of_subnet
from moyai.api.ec2.ranges import block
from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.ec2.vpc_attributes import AttributeValue
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc
from moyai.domain.vpc.default import AvailabilityZone, availability_zones
from moyai.domain.vpc.errors import (
    DependencyViolation,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidSubnetConflict,
    InvalidSubnetRange,
    MissingParameter,
)
from moyai.domain.vpc.network_acl import without_subnet
from moyai.domain.vpc.not_found import SubnetNotFound, VpcNotFound
from moyai.domain.vpc.quotas import SUBNETS, SubnetLimitExceeded
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import Delete, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.ids import SubnetId
from moyai.plan.network.interfaces import addresses_left

SUBNET: Final = "SubnetId"
_IP_NAME: Final = "ip-name"
_DNS64, _CUSTOMER_OWNED = "EnableDns64", "MapCustomerOwnedIpOnLaunch"
_A_RECORD, _AAAA_RECORD = "EnableResourceNameDnsARecordOnLaunch", "EnableResourceNameDnsAAAARecordOnLaunch"
_NAMED_BY_ADDRESS: Final = "hosts are named by address"
_WHY_OFF: Final[Mapping[str, str]] = MappingProxyType(
    {
        _DNS64: "every subnet has IPv4 addresses",
        _A_RECORD: _NAMED_BY_ADDRESS,
        _AAAA_RECORD: _NAMED_BY_ADDRESS,
        _CUSTOMER_OWNED: "there are no Outposts",
    }
)


class CreateSubnetRequest(ChangeRequest, frozen=True):
    vpc_id: str
    cidr_block: str | None = None
    ipv6_cidr_block: str | None = None
    availability_zone: str | None = None
    availability_zone_id: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeSubnetsRequest(PagedRequest, frozen=True):
    subnet_ids: tuple[str, ...] = ()


class DeleteSubnetRequest(ChangeRequest, frozen=True):
    """The subnet to delete."""

    subnet_id: str


class ModifySubnetAttributeRequest(msgspec.Struct, frozen=True):
    """The new value of an attribute of a subnet."""

    subnet_id: str
    map_public_ip_on_launch: AttributeValue | None = None
    assign_ipv6_address_on_creation: AttributeValue | None = None
    private_dns_hostname_type_on_launch: str | None = None
    enable_dns64: AttributeValue | None = None
    enable_resource_name_dns_a_record_on_launch: AttributeValue | None = None
    enable_resource_name_dns_aaaa_record_on_launch: AttributeValue | None = None
    map_customer_owned_ip_on_launch: AttributeValue | None = None


def create_subnet(ctx: Context, request: CreateSubnetRequest) -> dict[str, object]:
    """Create a subnet in a VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    if not request.cidr_block:
        raise MissingParameter("Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
    cidr = block(request.cidr_block, "CidrBlock", InvalidSubnetRange)
    zone = _zone(ctx, request)
    tags = new_tags(request.tag_specifications, "subnet")
    if not any(cidr.subnet_of(IPv4Network(vpc_cidr)) for vpc_cidr in vpc.cidrs):
        raise InvalidSubnetRange(
            f"The CIDR '{cidr}' is invalid: it is no part of the VPC's ranges, {', '.join(vpc.cidrs)}."
        )
    subnets = all_in_vpc(ctx.store.world, Subnet, ctx.scope, vpc.id)
    clash = next((other for other in subnets if cidr.overlaps(IPv4Network(other.cidr))), None)
    if clash is not None:
        raise InvalidSubnetConflict(f"The CIDR '{cidr}' conflicts with another subnet: {clash.id}, {clash.cidr}.")
    if len(subnets) >= SUBNETS:
        raise SubnetLimitExceeded(SUBNETS)
    ipv6 = None if request.ipv6_cidr_block is None else new_subnet_range(ctx, vpc, request.ipv6_cidr_block, subnets)
    identity = SubnetId(new_id(ctx, "subnet"))
    subnet = Subnet(identity, vpc.id, ctx.scope, str(cidr), zone.name, zone.id, tags=tags, ipv6=ipv6)
    commit(ctx, request, Put(subnet))
    return {"subnet": _subnet(ctx.store.world, subnet)}


def describe_subnets(ctx: Context, request: DescribeSubnetsRequest) -> dict[str, object]:
    """The subnets of the scope, with the number of available addresses in each."""
    world = ctx.store.world
    kind = _KIND._replace(
        filters={**_KIND.filters, "available-ip-address-count": lambda s: (_free_addresses(world, s),)}
    )
    page = select(kind, all_in_scope(world, Subnet, ctx.scope), request.subnet_ids, request)
    return {"subnets": [_subnet(world, item) for item in page.items], "next_token": page.next_token}


def delete_subnet(ctx: Context, request: DeleteSubnetRequest) -> None:
    """Delete a subnet in which nothing has an address, with its associations with a route table and an ACL."""
    subnet = resource_of(ctx, Subnet, request.subnet_id, SubnetNotFound, SUBNET)
    world = ctx.store.world
    tasks = [task.interface.id for task in world.tasks.each("subnet", subnet.id) if not task.stopped]
    gateways, targets = world.nat_gateways.by("subnet", subnet.id), world.mount_targets.by("subnet", subnet.id)
    nodes = [node for balancer in world.load_balancers.by("subnet", subnet.id) for node in balancer.nodes]
    interfaces = [*tasks, *(node.interface.id for node in nodes if node.subnet == subnet.id)]
    in_use = (*interfaces, *(gateway.id for gateway in gateways), *(target.id for target in targets))
    if in_use:
        names = ", ".join(in_use[:5])
        raise DependencyViolation(
            f"The subnet '{subnet.id}' has dependencies and cannot be deleted: {len(in_use)} of them, such as {names}."
        )
    tables = [
        Put(
            replace(
                table,
                associations=tuple(
                    association for association in table.associations if association.subnet != subnet.id
                ),
            )
        )
        for table in world.route_tables.by("subnet", subnet.id)
    ]
    acls = [Put(without_subnet(acl, subnet.id)) for acl in world.network_acls.by("subnet", subnet.id)]
    commit(ctx, request, Delete(Subnet, subnet.id), *tables, *acls)


def modify_subnet_attribute(ctx: Context, request: ModifySubnetAttributeRequest) -> None:
    """Change one attribute of a subnet. The values are stored and returned, and have no effect on tasks."""
    subnet = resource_of(ctx, Subnet, request.subnet_id, SubnetNotFound, SUBNET)
    public, ipv6 = request.map_public_ip_on_launch, request.assign_ipv6_address_on_creation
    always_off = {member: value for member, value in _always_off(request) if value is not None}
    if sum(each is not None for each in (public, ipv6, request.private_dns_hostname_type_on_launch, *always_off)) != 1:
        raise InvalidParameterCombination("Exactly one attribute of a subnet can be modified at a time.")
    for member, value in always_off.items():
        if value.value:
            raise InvalidParameterValue(f"{member} is false here: {_WHY_OFF[member]}.")
    if request.private_dns_hostname_type_on_launch not in {None, _IP_NAME}:
        raise InvalidParameterValue(f"PrivateDnsHostnameTypeOnLaunch is {_IP_NAME} here: tasks are named by address.")
    if public is not None:
        commit(ctx, ChangeRequest(), Put(replace(subnet, map_public_ip_on_launch=public.value)))
    if ipv6 is not None:
        if ipv6.value and subnet.ipv6 is None:
            raise InvalidParameterValue(f"AssignIpv6AddressOnCreation: {subnet.id} has no IPv6 CIDR block.")
        commit(ctx, ChangeRequest(), Put(replace(subnet, assign_ipv6_on_creation=ipv6.value)))


def _always_off(request: ModifySubnetAttributeRequest) -> tuple[tuple[str, AttributeValue | None], ...]:
    """The attributes that can only be false."""
    return (
        (_DNS64, request.enable_dns64),
        (_A_RECORD, request.enable_resource_name_dns_a_record_on_launch),
        (_AAAA_RECORD, request.enable_resource_name_dns_aaaa_record_on_launch),
        (_CUSTOMER_OWNED, request.map_customer_owned_ip_on_launch),
    )


def _zone(ctx: Context, request: CreateSubnetRequest) -> AvailabilityZone:
    zones = availability_zones(ctx.scope)
    if request.availability_zone and request.availability_zone_id:
        raise InvalidParameterCombination("AvailabilityZone and AvailabilityZoneId can't be used together.")
    requested_zone = request.availability_zone or request.availability_zone_id
    if requested_zone is None:
        return zones[0]
    zone = next((each for each in zones if requested_zone in {each.name, each.id}), None)
    if zone is None:
        names = ", ".join(each.name for each in zones)
        raise InvalidParameterValue(
            f"Value ({requested_zone[:60]}) for parameter availabilityZone is invalid. Subnets can currently only be "
            f"created in the following availability zones: {names}."
        )
    return zone


def _subnet(world: World, subnet: Subnet) -> dict[str, object]:
    return {
        "subnet_id": subnet.id,
        "subnet_arn": _arn(subnet),
        "vpc_id": subnet.vpc,
        "owner_id": subnet.scope.account,
        "state": "available",
        "cidr_block": subnet.cidr,
        "available_ip_address_count": addresses_left(world, subnet),
        "availability_zone": subnet.zone,
        "availability_zone_id": subnet.zone_id,
        "default_for_az": subnet.default_for_az,
        "map_public_ip_on_launch": subnet.map_public_ip_on_launch,
        "map_customer_owned_ip_on_launch": False,
        "assign_ipv6_address_on_creation": subnet.assign_ipv6_on_creation,
        "ipv6_cidr_block_association_set": ranges_of_subnet(subnet.ipv6),
        "ipv6_native": False,
        "enable_dns64": False,
        "private_dns_name_options_on_launch": {
            "hostname_type": _IP_NAME,
            "enable_resource_name_dns_a_record": False,
            "enable_resource_name_dns_aaaa_record": False,
        },
        "tags": tag_list(subnet.tags),
    }


def _arn(subnet: Subnet) -> str:
    return arn("ec2", subnet.scope, f"subnet/{subnet.id}")


def _free_addresses(world: World, subnet: Subnet) -> str:
    return str(addresses_left(world, subnet))


_KIND = DescribedKind[Subnet](
    "subnets",
    lambda subnet: subnet.id,
    MappingProxyType(
        {
            "subnet-id": lambda s: (s.id,),
            "subnet-arn": lambda s: (_arn(s),),
            "vpc-id": lambda s: (s.vpc,),
            "availability-zone": lambda s: (s.zone,),
            "availabilityZone": lambda s: (s.zone,),
            "availability-zone-id": lambda s: (s.zone_id,),
            "availabilityZoneId": lambda s: (s.zone_id,),
            "cidr": lambda s: (s.cidr,),
            "cidr-block": lambda s: (s.cidr,),
            "cidrBlock": lambda s: (s.cidr,),
            "default-for-az": lambda s: flag(s.default_for_az),
            "defaultForAz": lambda s: flag(s.default_for_az),
            "map-public-ip-on-launch": lambda s: flag(s.map_public_ip_on_launch),
            "ipv6-cidr-block-association.association-id": lambda s: () if s.ipv6 is None else (s.ipv6.id,),
            "ipv6-cidr-block-association.ipv6-cidr-block": lambda s: () if s.ipv6 is None else (s.ipv6.cidr,),
            "ipv6-cidr-block-association.state": lambda s: () if s.ipv6 is None else ("associated",),
            "ipv6-native": lambda _: flag(False),  # noqa: FBT003
            "owner-id": lambda s: (s.scope.account,),
            "state": lambda _: ("available",),
        }
    ),
    SubnetNotFound,
    lambda subnet: subnet.tags,
)
