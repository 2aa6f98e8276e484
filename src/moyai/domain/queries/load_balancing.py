"""Look-ups among load balancers, listeners, rules and target groups.

Promise: a target group is used by the rules that name it, whatever their weights are; the load balancer is that of the
rules' listeners.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.elb.attributes import GROUP_CROSS_ZONE, NETWORK_CROSS_ZONE, PRESERVE_CLIENT_IP
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType
from moyai.domain.elb.rule import Rule
from moyai.domain.elb.target_group import (
    DEREGISTRATION_IN_PROGRESS,
    NOT_IN_USE,
    REGISTRATION_IN_PROGRESS,
    Target,
    TargetGroup,
    TargetHealth,
    TargetType,
)
from moyai.domain.world import World
from moyai.kernel.ids import ListenerArn, LoadBalancerArn, TargetGroupArn

EVERY_ZONE: Final = "all"
"""The zone of a target outside of the VPC."""


def rules_of_load_balancer(world: World, balancer: LoadBalancerArn) -> Iterator[Rule]:
    """The rules of all listeners of the load balancer, default rules too."""
    for listener in world.listeners.each("load_balancer", balancer):
        yield from world.rules.each("listener", listener.arn)


def default_rule(world: World, listener: ListenerArn) -> Rule:
    """The default rule of the listener, which every listener has."""
    return next(rule for rule in world.rules.each("listener", listener) if rule.priority is None)


def find_rule(world: World, arn: str | None) -> Rule | None:
    """The rule with this ARN, or the default rule of the listener with it."""
    listener = world.listeners.get(arn)
    return world.rules.get(arn) if listener is None else default_rule(world, listener.arn)


def load_balancers_of_group(world: World, group: TargetGroupArn) -> tuple[LoadBalancerArn, ...]:
    """The load balancers that use the target group."""
    listeners = (world.listeners[rule.listener] for rule in world.rules.each("target_group", group))
    return tuple(dict.fromkeys(listener.load_balancer for listener in listeners))


def groups_of_load_balancer(world: World, balancer: LoadBalancerArn) -> set[TargetGroupArn]:
    """The target groups that the load balancer uses."""
    return {group for rule in rules_of_load_balancer(world, balancer) for group in rule.groups}


def crosses_zones(balancer: LoadBalancer, group: TargetGroup) -> bool:
    """Whether nodes forward to targets of other zones. A load balancer as a target is one for all zones."""
    own = GROUP_CROSS_ZONE.of(group)
    if balancer.type is LoadBalancerType.APPLICATION or own != "use_load_balancer_configuration":
        return balancer.type is LoadBalancerType.APPLICATION or own == "true"
    return NETWORK_CROSS_ZONE.of(balancer) or group.target_type is TargetType.ALB


def keeps_client_address(world: World, group: TargetGroup) -> bool:
    """Whether targets see the address of the client. A load balancer as a target, and targets outside of the VPC, do
    not: they would answer the client without the load balancer that the client has called.
    """
    if group.target_type is TargetType.ALB or not PRESERVE_CLIENT_IP.of(group):
        return False
    return all(target.zone != EVERY_ZONE for target in world.targets.by("group", group.arn))


def serves_zone(balancer: LoadBalancer, group: TargetGroup, zone: str) -> bool:
    """Whether a node of the load balancer may forward to the group's targets in the zone."""
    return zone == EVERY_ZONE or crosses_zones(balancer, group) or any(node.zone == zone for node in balancer.nodes)


def groups_targeting(world: World, balancer: LoadBalancerArn) -> list[TargetGroupArn]:
    """The target groups in which the load balancer is a target."""
    return [target.group for target in world.targets.each("load_balancer", balancer)]


def health_of(world: World, target: Target) -> TargetHealth:
    """The health of a target as the API shows it: what was observed, unless it leaves or its group is not in use."""
    if target.deregistered_at is not None:
        return DEREGISTRATION_IN_PROGRESS
    if not world.rules.count("target_group", target.group):
        return NOT_IN_USE
    return REGISTRATION_IN_PROGRESS if target.health == NOT_IN_USE else target.health
