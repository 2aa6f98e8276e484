"""The subnets, security groups and address type of load balancers, changed in place.

Promise: a subnet that stays keeps its node with its address. Where the load balancer is a target, the target gets the
address of its first node.
Refuses: removing subnets of a network load balancer, and security groups for one that was created without.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetSubnets.html,
API_SetSecurityGroups.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.action_checks import IPV6_GROUP
from moyai.api.elbv2.load_balancer_nodes import SubnetsRequest, check_address_type, groups_of, placements_of
from moyai.api.elbv2.load_balancers import zone_list
from moyai.api.elbv2.lookup import LOAD_BALANCER, resource_of
from moyai.api.operation import Context
from moyai.domain.elb.errors import InvalidConfigurationRequest, InvalidSubnet
from moyai.domain.elb.load_balancer import DUAL_STACK, LoadBalancer, LoadBalancerNode, LoadBalancerType
from moyai.domain.elb.target_group import IPV6
from moyai.domain.queries.load_balancing import groups_of_load_balancer
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import SecurityGroupId
from moyai.plan.network.load_balancer_nodes import new_nodes, with_address_type

_OFF = "off"


class SetSubnetsRequest(SubnetsRequest, frozen=True, kw_only=True):
    load_balancer_arn: str


class SetSecurityGroupsRequest(msgspec.Struct, frozen=True):
    load_balancer_arn: str
    security_groups: tuple[str, ...]
    enforce_security_group_inbound_rules_on_private_link_traffic: str = _OFF


class SetIpAddressTypeRequest(msgspec.Struct, frozen=True):
    load_balancer_arn: str
    ip_address_type: str


def set_subnets(ctx: Context, request: SetSubnetsRequest) -> dict[str, object]:
    """Replace the subnets of a load balancer."""
    balancer = resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
    placements = placements_of(ctx, request, balancer.type, balancer.scheme)
    current = {node.subnet: node for node in balancer.nodes}
    if placements[0].subnet.vpc != balancer.vpc:
        raise InvalidConfigurationRequest(f"The subnets must belong to the load balancer's VPC '{balancer.vpc}'")
    removed = sorted(set(current) - {placement.subnet.id for placement in placements})
    if removed and balancer.type is LoadBalancerType.NETWORK:
        raise InvalidSubnet(f"Subnets of a network load balancer cannot be removed: {', '.join(removed)}")
    for placement in placements:
        node = current.get(placement.subnet.id)
        if node is not None and placement.allocation not in {None, node.allocation}:
            raise InvalidConfigurationRequest(f"The address in subnet '{node.subnet}' cannot be changed")
    added = [placement for placement in placements if placement.subnet.id not in current]
    nodes = (*balancer.nodes, *new_nodes(ctx.store.world, added, balancer.security_groups, balancer.scheme, ctx.ids))
    remaining = sorted((node for node in nodes if node.subnet not in removed), key=lambda node: node.zone)
    balancer = replace(balancer, nodes=tuple(remaining))
    subnets = [placement.subnet for placement in placements]
    address_type = request.ip_address_type or balancer.ip_address_type
    check_address_type(address_type, subnets)
    _check_groups(ctx, balancer, address_type)
    balancer = _with_address_type(balancer, address_type, subnets)
    first = balancer.nodes[0]
    targets = ctx.store.world.targets.by("load_balancer", balancer.arn)
    moved = [replace(target, address=first.interface.address, zone=first.zone) for target in targets]
    ctx.store.apply([Put(balancer), *map(Put, moved)])
    return {"availability_zones": zone_list(balancer.nodes), "ip_address_type": balancer.ip_address_type}


def set_security_groups(ctx: Context, request: SetSecurityGroupsRequest) -> dict[str, object]:
    """Replace the security groups of a load balancer, on all of its interfaces."""
    balancer = resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
    if request.enforce_security_group_inbound_rules_on_private_link_traffic != _OFF:
        raise InvalidConfigurationRequest(
            "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic 'on' is not supported by moyai: there are no endpoint"
            " services"
        )
    if not request.security_groups:
        raise InvalidInput("At least one security group must be specified")
    if balancer.type is LoadBalancerType.NETWORK and not balancer.security_groups:
        raise InvalidConfigurationRequest(
            "You cannot set security groups of a network load balancer that was created without security groups"
        )
    groups = groups_of(ctx, request.security_groups, balancer.vpc, balancer.type)
    balancer = replace(balancer, security_groups=groups, nodes=_nodes_with(balancer, groups))
    ctx.store.apply([Put(balancer)])
    return {"security_group_ids": groups}


def set_ip_address_type(ctx: Context, request: SetIpAddressTypeRequest) -> dict[str, object]:
    """Give the nodes of a load balancer IPv6 addresses, or take them away."""
    balancer = resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
    node_subnets = [find_in_scope(ctx.store.world, Subnet, ctx.scope, node.subnet) for node in balancer.nodes]
    check_address_type(request.ip_address_type, node_subnets)
    _check_groups(ctx, balancer, request.ip_address_type)
    subnets = [subnet for subnet in node_subnets if subnet is not None]
    ctx.store.apply([Put(_with_address_type(balancer, request.ip_address_type, subnets))])
    return {"ip_address_type": request.ip_address_type}


def _check_groups(ctx: Context, balancer: LoadBalancer, address_type: str) -> None:
    """Raises InvalidConfigurationRequest if the load balancer uses target groups that its address type excludes."""
    used = (ctx.store.world.target_groups.get(arn) for arn in groups_of_load_balancer(ctx.store.world, balancer.arn))
    if address_type != DUAL_STACK and any(group is not None and group.ip_address_type == IPV6 for group in used):
        raise InvalidConfigurationRequest(IPV6_GROUP)


def _with_address_type(balancer: LoadBalancer, address_type: str, subnets: Iterable[Subnet]) -> LoadBalancer:
    """The load balancer with the addresses of the type. ``subnets``: those of all its nodes."""
    by_id = {subnet.id: subnet for subnet in subnets}
    interfaces = [with_address_type(n.interface, by_id[n.subnet], address_type) for n in balancer.nodes]
    nodes = tuple(replace(n, interface=own) for n, own in zip(balancer.nodes, interfaces, strict=True))
    return replace(balancer, nodes=nodes, ip_address_type=address_type)


def _nodes_with(balancer: LoadBalancer, groups: tuple[SecurityGroupId, ...]) -> tuple[LoadBalancerNode, ...]:
    return tuple(replace(node, interface=replace(node.interface, security_groups=groups)) for node in balancer.nodes)
