"""The listener rules that shift a service's traffic between its two target groups.

Promise: a production rule sends to the groups of the service's pools by the weights of its traffic, and a test rule to
the group of the pool with the test traffic, or to that of the production traffic while there is none. Rules are written
when the traffic changes, and left alone otherwise: what their owner changes in between stays, as on AWS.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from moyai.domain.ecs.load_balancer import ServiceLoadBalancer
from moyai.domain.ecs.service import Deployment, Service
from moyai.domain.ecs.traffic import WHOLE
from moyai.domain.elb.rule import ForwardAction, Rule, WeightedGroup
from moyai.domain.queries.load_balancing import find_rule
from moyai.domain.world import Put, World
from moyai.kernel.ids import Pool, TargetGroupArn

_TENTHS: Final = 10
"""Tenths of a percent in a percent."""
_HIGHEST_WEIGHT: Final = 999


def shift_rules(world: World, before: Service, service: Service) -> tuple[Put, ...]:
    """Changes of listener rules that follow from a change of the service's traffic."""
    if before.traffic == service.traffic or not service.deployments:
        return ()
    rules = (rule for balancer in service.primary.load_balancers for rule in _rules(world, service, balancer))
    return tuple(Put(rule) for rule in rules if rule != world.rules.get(rule.arn))


def alternates(service: Service, pool: Pool) -> bool:
    """Whether the tasks of the pool are registered in the alternate target groups."""
    return any(d.uses_alternate_groups for d in service.deployments if d.pool == pool)


def with_target_groups(service: Service, target: Deployment, source: Pool) -> Deployment:
    """A new deployment, in the groups that the pool ``source`` does not use where it takes the traffic from that pool,
    else in the same ones.
    """
    occupied = any(
        balancer.advanced_configuration is not None
        for deployment in service.deployments
        if deployment.pool == source
        for balancer in deployment.load_balancers
    )
    moves = target.pool != source
    return replace(target, uses_alternate_groups=occupied and alternates(service, source) != moves)


def _rules(world: World, service: Service, balancer: ServiceLoadBalancer) -> Iterator[Rule]:
    advanced = balancer.advanced_configuration
    production = None if advanced is None else find_rule(world, advanced.production_listener_rule)
    test = None if advanced is None else find_rule(world, advanced.test_listener_rule)
    weights = {share.pool: share.weight for share in service.traffic.shares}
    if production is not None:
        yield _with_weights(production, balancer, _by_group(service, balancer, weights))
    pool = service.traffic.test or max(weights, key=lambda pool: weights[pool], default=None)
    if test is not None and pool is not None:
        yield _with_weights(test, balancer, _by_group(service, balancer, {pool: WHOLE}))


def _by_group(
    service: Service, balancer: ServiceLoadBalancer, weights: Mapping[Pool, int]
) -> Mapping[TargetGroupArn, int]:
    by_group: dict[TargetGroupArn, int] = {}
    for pool, weight in weights.items():
        group = balancer.group(alternate=alternates(service, pool))
        by_group[group] = by_group.get(group, 0) + weight
    return by_group


def _with_weights(rule: Rule, balancer: ServiceLoadBalancer, weights: Mapping[TargetGroupArn, int]) -> Rule:
    """The rule, which forwards to both groups: in percent, or where the weights are finer, in tenths of a percent."""
    unit = 1 if any(weight % _TENTHS for weight in weights.values()) else _TENTHS
    groups = (balancer.group(alternate=False), balancer.group(alternate=True))
    shares = tuple(WeightedGroup(group, min(weights.get(group, 0) // unit, _HIGHEST_WEIGHT)) for group in groups)
    action = replace(rule.action, groups=shares) if isinstance(rule.action, ForwardAction) else ForwardAction(shares)
    return replace(rule, action=action)
