"""Load balancers: created, described and deleted.

Promise: CreateLoadBalancer with the name and the settings of one that exists returns that one. A load balancer is
PROVISIONING until its proxy serves it. DeleteLoadBalancer deletes its listeners and rules too, but no target group.
Refuses: gateway load balancers, pools of addresses and outposts.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.elbv2.load_balancer_nodes import SubnetsRequest, groups_of, placements_of
from moyai.api.elbv2.lookup import (
    LOAD_BALANCER,
    MarkerPageRequest,
    check_name,
    check_unmanaged,
    find,
    page_of,
    resource_of,
    resources_of,
)
from moyai.api.elbv2.tags import new_tags
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.elb.attributes import DELETION_PROTECTION
from moyai.domain.elb.errors import (
    DuplicateLoadBalancerName,
    DuplicateTagKeys,
    LoadBalancerNotFound,
    OperationNotPermitted,
    ResourceInUse,
    TooManyLoadBalancers,
)
from moyai.domain.elb.hosted_zones import hosted_zone
from moyai.domain.elb.load_balancer import IPV4, LoadBalancer, LoadBalancerNode, LoadBalancerType, Scheme
from moyai.domain.elb.quotas import LOAD_BALANCERS
from moyai.domain.elb.rule import Listener, Rule
from moyai.domain.keys import named_key, scope_key
from moyai.domain.queries.load_balancing import groups_targeting, rules_of_load_balancer
from moyai.domain.queries.vpc import store_default_vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.errors import InvalidInput
from moyai.plan.elb.new_records import INTERNAL, Creation, new_load_balancer
from moyai.plan.network.load_balancer_nodes import new_nodes

_NOUN: Final = "load balancer"


class CreateLoadBalancerRequest(SubnetsRequest, frozen=True, kw_only=True):
    name: str
    security_groups: tuple[str, ...] = ()
    scheme: Scheme = Scheme.INTERNET_FACING
    type: str = LoadBalancerType.APPLICATION
    tags: tuple[Tag, ...] = ()


class DescribeLoadBalancersRequest(MarkerPageRequest, frozen=True):
    load_balancer_arns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class LoadBalancerRequest(msgspec.Struct, frozen=True):
    """The load balancer that an operation is about."""

    load_balancer_arn: str


def create_load_balancer(ctx: Context, request: CreateLoadBalancerRequest) -> dict[str, object]:
    """Create a load balancer, with its nodes and their interfaces."""
    kind = _type(request.type)
    check_name(_NOUN, request.name)
    if request.name.startswith(INTERNAL):
        raise InvalidInput(f"The load balancer name '{request.name}' cannot begin with '{INTERNAL}'")
    placements = placements_of(ctx, request, kind, request.scheme)
    groups = groups_of(ctx, request.security_groups, placements[0].subnet.vpc, kind)
    tags = new_tags("loadbalancer", request.tags, duplicate=DuplicateTagKeys)
    existing = ctx.store.world.load_balancers.by("name", named_key(ctx.scope, request.name))
    if existing:
        places = {(placement.subnet.id, placement.allocation) for placement in placements}
        settings = (kind, request.scheme, places, set(groups), request.ip_address_type or IPV4, tags)
        if settings != _settings(existing[0]):
            raise DuplicateLoadBalancerName(
                f"A load balancer with the same name '{request.name}' exists, but with different settings"
            )
        return {"load_balancers": [load_balancer_view(existing[0])]}
    _check_quota(ctx, kind)
    ip_address_type = request.ip_address_type or IPV4
    nodes = new_nodes(ctx.store.world, placements, groups, request.scheme, ctx.ids, ip_address_type)
    creation = Creation(ctx.scope, ctx.now, ctx.ids, tags)
    domain = ctx.store.world.defaults.elb_domain
    balancer = new_load_balancer(creation, request.name, kind, request.scheme, nodes, domain)
    ctx.store.apply([*store_default_vpc(ctx.store.world, ctx.scope), Put(balancer)])
    return {"load_balancers": [load_balancer_view(balancer)]}


def describe_load_balancers(ctx: Context, request: DescribeLoadBalancersRequest) -> dict[str, object]:
    """The load balancers of the scope, or those with these ARNs or names."""
    if request.load_balancer_arns and request.names:
        raise InvalidInput("Load balancer names and load balancer ARNs cannot be specified at the same time")
    if request.load_balancer_arns:
        balancers = resources_of(ctx, LOAD_BALANCER, request.load_balancer_arns)
    elif request.names:
        balancers = _balancers_named(ctx, request.names)
    else:
        balancers = list(ctx.store.world.load_balancers.by("scope", scope_key(ctx.scope)))
    listing = ("load balancers", request.load_balancer_arns, request.names)
    selected, marker = page_of(balancers, listing, request)
    return {"load_balancers": [load_balancer_view(balancer) for balancer in selected], "next_marker": marker}


def describe_capacity_reservation(ctx: Context, request: LoadBalancerRequest) -> dict[str, object]:
    """Nothing: no load balancer has reserved capacity."""
    resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
    return {"capacity_reservation_state": []}


def delete_load_balancer(ctx: Context, request: LoadBalancerRequest) -> None:
    """Delete a load balancer with its listeners and rules. As on AWS, one that does not exist is no error."""
    balancer = find(ctx, LOAD_BALANCER, request.load_balancer_arn)
    if balancer is None:
        return
    refusal = f"Load balancer '{balancer.arn}' cannot be deleted because"
    if DELETION_PROTECTION.of(balancer):
        raise OperationNotPermitted(f"{refusal} deletion protection is enabled")
    world = ctx.store.world
    check_unmanaged(world, balancer.arn, ResourceInUse)
    targeting = groups_targeting(world, balancer.arn)
    if targeting:
        raise ResourceInUse(
            f"{refusal} it is currently associated with another service: it is a target of {', '.join(targeting)}"
        )
    ctx.store.apply(
        [
            *(Delete(Rule, rule.arn) for rule in rules_of_load_balancer(world, balancer.arn)),
            *(Delete(Listener, listener.arn) for listener in world.listeners.by("load_balancer", balancer.arn)),
            Delete(LoadBalancer, balancer.arn),
        ]
    )


def load_balancer_view(balancer: LoadBalancer) -> dict[str, object]:
    """A load balancer as the API has it."""
    return {
        "load_balancer_arn": balancer.arn,
        "dns_name": balancer.dns_name,
        "canonical_hosted_zone_id": hosted_zone(balancer),
        "created_time": balancer.created_at,
        "load_balancer_name": balancer.name,
        "scheme": balancer.scheme,
        "vpc_id": balancer.vpc,
        "state": {"code": balancer.state, "reason": balancer.state_reason or None},
        "type": balancer.type,
        "availability_zones": zone_list(balancer.nodes),
        "security_groups": balancer.security_groups,
        "ip_address_type": balancer.ip_address_type,
    }


def zone_list(nodes: tuple[LoadBalancerNode, ...]) -> list[dict[str, object]]:
    """The zones of a load balancer as the API has them, with those addresses that are callers' own Elastic IPs."""
    return [
        {"zone_name": node.zone, "subnet_id": node.subnet, "load_balancer_addresses": _elastic_addresses(node)}
        for node in nodes
    ]


def _elastic_addresses(node: LoadBalancerNode) -> list[dict[str, object]]:
    if node.allocation is None:
        return []
    return [{"ip_address": node.interface.public_address, "allocation_id": node.allocation}]


def _type(text: str) -> LoadBalancerType:
    if text not in set(LoadBalancerType):
        raise InvalidInput(f"Load balancer type '{text}' is not supported by moyai: it is application or network")
    return LoadBalancerType(text)


def _settings(balancer: LoadBalancer) -> tuple[object, ...]:
    """The settings that a repeated request has to have."""
    nodes = {(node.subnet, node.allocation) for node in balancer.nodes}
    groups = set(balancer.security_groups)
    return (balancer.type, balancer.scheme, nodes, groups, balancer.ip_address_type, balancer.tags)


def _check_quota(ctx: Context, kind: LoadBalancerType) -> None:
    balancers = ctx.store.world.load_balancers.each("scope", scope_key(ctx.scope))
    if sum(balancer.type is kind for balancer in balancers) >= LOAD_BALANCERS:
        raise TooManyLoadBalancers(
            f"There are {LOAD_BALANCERS} load balancers of the type '{kind}' in the region, which is the maximum"
        )


def _balancers_named(ctx: Context, names: tuple[str, ...]) -> list[LoadBalancer]:
    table = ctx.store.world.load_balancers
    by_name = {name: table.by("name", named_key(ctx.scope, name)) for name in names}
    unknown = [name[:100] for name, balancers in by_name.items() if not balancers]
    if unknown:
        raise LoadBalancerNotFound(f"Load balancers '[{', '.join(unknown[:5])}]' not found")
    return [balancer for balancers in by_name.values() for balancer in balancers]
