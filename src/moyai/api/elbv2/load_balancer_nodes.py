"""Where a load balancer is: its subnets and its security groups.

Promise: the subnets are in one VPC, each in another zone. An application load balancer needs two of them.
Refuses: private addresses that the caller chooses, and outposts.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from moyai.api.operation import Context
from moyai.domain.elb.errors import (
    AllocationIdNotFound,
    InvalidConfigurationRequest,
    InvalidSecurityGroup,
    InvalidSubnet,
    SubnetNotFound,
)
from moyai.domain.elb.load_balancer import DUAL_STACK, IPV4, LoadBalancerType, Scheme
from moyai.domain.elb.quotas import SECURITY_GROUPS
from moyai.domain.queries.vpc import attached_internet_gateway, default_security_group, find_in_scope
from moyai.domain.vpc.gateway import ElasticAddress
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import SecurityGroupId, VpcId
from moyai.plan.network.load_balancer_nodes import NodePlacement


class SubnetMappingRequest(msgspec.Struct, frozen=True):
    subnet_id: str | None = None
    allocation_id: str | None = None


class SubnetsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The subnets of a load balancer, in one of two forms."""

    subnets: tuple[str, ...] = ()
    subnet_mappings: tuple[SubnetMappingRequest, ...] = ()
    ip_address_type: str | None = None
    enable_prefix_for_ipv6_source_nat: str | None = None


def placements_of(ctx: Context, request: SubnetsRequest, kind: LoadBalancerType, scheme: Scheme) -> list[NodePlacement]:
    """The placements of a request, by zone. Raises the errors of CreateLoadBalancer."""
    if request.enable_prefix_for_ipv6_source_nat == "on":
        raise InvalidInput("EnablePrefixForIpv6SourceNat 'on' is not supported by moyai: targets are called by IPv4")
    if request.subnets and request.subnet_mappings:
        raise InvalidInput("You can specify either subnets or subnet mappings, but not both")
    mappings = [SubnetMappingRequest(identity) for identity in dict.fromkeys(request.subnets)]
    placements = [_placement(ctx, mapping) for mapping in (*mappings, *request.subnet_mappings)]
    subnets = [placement.subnet for placement in placements]
    check_address_type(request.ip_address_type, subnets)
    _check_zones(subnets, kind)
    has_elastic = any(placement.elastic for placement in placements)
    if has_elastic and (kind, scheme) != (LoadBalancerType.NETWORK, Scheme.INTERNET_FACING):
        raise InvalidConfigurationRequest(
            "Elastic IP addresses can be specified for internet-facing network load balancers only"
        )
    vpcs = sorted({subnet.vpc for subnet in subnets})
    if len(vpcs) > 1:
        raise InvalidConfigurationRequest(f"All subnets must belong to the same VPC: '{', '.join(vpcs)}'")
    gateway = attached_internet_gateway(ctx.store.world, ctx.scope, vpcs[0])
    if scheme is Scheme.INTERNET_FACING and gateway is None:
        raise InvalidSubnet(f"VPC {vpcs[0]} has no internet gateway")
    return sorted(placements, key=lambda placement: placement.subnet.zone)


def check_address_type(ip_address_type: str | None, subnets: Iterable[Subnet | None]) -> None:
    """Raises AWS's error for IPv6 where a subnet has no IPv6 range, and InvalidConfigurationRequest for a type without
    public IPv4 addresses.
    """
    if ip_address_type in {None, IPV4}:
        return
    if any(subnet is None or subnet.ipv6 is None for subnet in subnets):
        raise InvalidInput("You must specify subnets with an associated IPv6 CIDR block.")
    if ip_address_type != DUAL_STACK:
        raise InvalidConfigurationRequest(
            f"IP address type '{ip_address_type}' is not supported by moyai: clients outside of the VPC use IPv4. Use"
            f" '{IPV4}' or '{DUAL_STACK}'"
        )


def groups_of(ctx: Context, groups: Sequence[str], vpc: VpcId, kind: LoadBalancerType) -> tuple[SecurityGroupId, ...]:
    """The security groups of a load balancer in the VPC; without any, an application load balancer has the VPC's
    default group. Raises InvalidSecurityGroup, InvalidConfigurationRequest.
    """
    world = ctx.store.world
    if not groups:
        default = default_security_group(world, ctx.scope, vpc)
        return () if default is None or kind is LoadBalancerType.NETWORK else (default.id,)
    if len(set(groups)) > SECURITY_GROUPS:
        raise InvalidConfigurationRequest(f"A load balancer has at most {SECURITY_GROUPS} security groups")
    for identity in groups:
        group = find_in_scope(world, SecurityGroup, ctx.scope, identity)
        if group is None:
            raise InvalidSecurityGroup(f"The security group '{identity[:100]}' does not exist")
        if group.vpc != vpc:
            raise InvalidConfigurationRequest(f"Security group '{identity}' does not belong to VPC '{vpc}'")
    return tuple(SecurityGroupId(identity) for identity in dict.fromkeys(groups))


def _placement(ctx: Context, mapping: SubnetMappingRequest) -> NodePlacement:
    identity = mapping.subnet_id or ""
    subnet = find_in_scope(ctx.store.world, Subnet, ctx.scope, identity)
    if subnet is None:
        raise SubnetNotFound(f"The subnet ID '{identity[:100]}' does not exist")
    if mapping.allocation_id is None:
        return NodePlacement(subnet)
    elastic = find_in_scope(ctx.store.world, ElasticAddress, ctx.scope, mapping.allocation_id)
    if elastic is None:
        raise AllocationIdNotFound(f"The allocation ID '{mapping.allocation_id[:100]}' does not exist")
    return NodePlacement(subnet, elastic)


def _check_zones(subnets: Sequence[Subnet], kind: LoadBalancerType) -> None:
    if not subnets:
        raise InvalidInput("At least one subnet must be specified")
    zone, count = Counter(subnet.zone for subnet in subnets).most_common(1)[0]
    if count > 1:
        raise InvalidConfigurationRequest(
            f"A load balancer cannot be attached to multiple subnets in the same Availability Zone: '{zone}'"
        )
    if kind is LoadBalancerType.APPLICATION and len(subnets) == 1:
        raise InvalidInput("At least two subnets in two different Availability Zones must be specified")
