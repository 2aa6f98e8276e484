"""Where a load balancer is: its subnets, its security groups and its nodes.

Promise: a load balancer has one node in each of its subnets, which are of one VPC and each of another zone. An
application load balancer needs two of them.
Refuses: addresses that the caller chooses, outposts and IPv6.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.elb.errors import InvalidConfigurationRequest, InvalidSecurityGroup, InvalidSubnet, SubnetNotFound
from moyai.domain.elb.load_balancer import LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.quotas import SECURITY_GROUPS
from moyai.domain.queries.vpc import attached_internet_gateway, default_security_group, find_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import SecurityGroupId, VpcId
from moyai.plan.network.interfaces import new_interface

_DRAWS: Final = 100


class SubnetMappingRequest(msgspec.Struct, frozen=True):
    subnet_id: str | None = None


class SubnetsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The subnets of a load balancer, in one of two forms."""

    subnets: tuple[str, ...] = ()
    subnet_mappings: tuple[SubnetMappingRequest, ...] = ()
    ip_address_type: str | None = None
    enable_prefix_for_ipv6_source_nat: str | None = None


def subnets_of(ctx: Context, request: SubnetsRequest, kind: LoadBalancerType, scheme: Scheme) -> list[Subnet]:
    """The subnets of a request, by zone. Raises the errors of CreateLoadBalancer."""
    check_address_type(request.ip_address_type)
    if request.enable_prefix_for_ipv6_source_nat == "on":
        raise InvalidInput("EnablePrefixForIpv6SourceNat 'on' is not supported by moyai: nodes have no IPv6 addresses")
    if request.subnets and request.subnet_mappings:
        raise InvalidInput("You can specify either subnets or subnet mappings, but not both")
    identities = request.subnets or tuple(mapping.subnet_id or "" for mapping in request.subnet_mappings)
    subnets = [_subnet(ctx, identity) for identity in dict.fromkeys(identities)]
    _check_zones(subnets, kind)
    vpcs = sorted({subnet.vpc for subnet in subnets})
    if len(vpcs) > 1:
        raise InvalidConfigurationRequest(f"All subnets must belong to the same VPC: '{', '.join(vpcs)}'")
    gateway = attached_internet_gateway(ctx.store.world, ctx.scope, vpcs[0])
    if scheme is Scheme.INTERNET_FACING and gateway is None:
        raise InvalidSubnet(f"VPC {vpcs[0]} has no internet gateway")
    return sorted(subnets, key=lambda subnet: subnet.zone)


def check_address_type(ip_address_type: str | None) -> None:
    """Raises InvalidConfigurationRequest for another type than ``ipv4``."""
    if ip_address_type not in {None, "ipv4"}:
        raise InvalidConfigurationRequest(
            f"IP address type '{ip_address_type}' is not supported by moyai: nodes have no IPv6 addresses. Use 'ipv4'"
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


def new_nodes(
    ctx: Context, subnets: Sequence[Subnet], groups: tuple[SecurityGroupId, ...], scheme: Scheme
) -> tuple[LoadBalancerNode, ...]:
    """A node in each of the subnets. Raises InvalidSubnet where one is full."""
    nodes: list[LoadBalancerNode] = []
    for subnet in subnets:
        interface = _interface(ctx, subnet, groups, scheme, nodes)
        nodes.append(LoadBalancerNode(subnet.id, subnet.zone, interface))
    return tuple(nodes)


def _interface(
    ctx: Context,
    subnet: Subnet,
    groups: tuple[SecurityGroupId, ...],
    scheme: Scheme,
    siblings: Sequence[LoadBalancerNode],
) -> NetworkInterface:
    """An interface whose public address, which is drawn, is not that of a sibling."""
    in_use = {node.interface.public_address for node in siblings} - {None}
    for _ in range(_DRAWS):
        public = scheme is Scheme.INTERNET_FACING
        interface = new_interface(ctx.store.world, subnet, groups, ctx.ids, public=public)
        if interface is None:
            break
        if interface.public_address not in in_use:
            return interface
    raise InvalidSubnet(f"Not enough IP space available in {subnet.id}, or no public address is left")


def _subnet(ctx: Context, identity: str) -> Subnet:
    subnet = find_in_scope(ctx.store.world, Subnet, ctx.scope, identity)
    if subnet is None:
        raise SubnetNotFound(f"The subnet ID '{identity[:100]}' does not exist")
    return subnet


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
