"""The listener rules that shift a service's traffic between its two target groups.

Promise: a production rule sends to the groups of the service's pools by the weights of its traffic, and a test rule to
the group of the pool with the test traffic, or to that of the production traffic while there is none. Rules are written
when the traffic changes, and left alone otherwise: what their owner changes in between stays, as on AWS.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-implementation.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
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
    rules = (rule for balancer in service.primary.balanced_ports for rule in _rules(world, service, balancer))
    return tuple(Put(rule) for rule in rules if rule != world.rules.get(rule.arn))


def with_target_groups(service: Service, target: Deployment, source: Pool) -> Deployment:
    """A new deployment, in the target groups that the tasks of the pool ``source`` are not in where it takes the
    traffic from that pool, else in those that they are in.
    """
    former = _newest(service, source)
    occupied_groups = set() if former is None else {task_target.group for task_target in former.task_targets}
    moves = target.pool != source
    shifted = (b for b in target.balanced_ports if b.advanced_configuration is not None)
    return replace(target, uses_alternate_groups=any(b.group(alternate=not moves) in occupied_groups for b in shifted))


def _newest(service: Service, pool: Pool) -> Deployment | None:
    return next((d for d in service.deployments if d.pool == pool), None)


def _rules(world: World, service: Service, balancer: ServiceLoadBalancer) -> Iterator[Rule]:
    advanced = balancer.advanced_configuration
    production = None if advanced is None else find_rule(world, advanced.production_listener_rule)
    test = None if advanced is None else find_rule(world, advanced.test_listener_rule)
    weights = {share.pool: share.weight for share in service.traffic.shares}
    if production is not None:
        yield _with_weights(world, production, balancer, _by_group(service, balancer, weights))
    pool = service.traffic.test or max(weights, key=lambda pool: weights[pool], default=None)
    if test is not None and pool is not None:
        yield _with_weights(world, test, balancer, _by_group(service, balancer, {pool: WHOLE}))


def _by_group(
    service: Service, balancer: ServiceLoadBalancer, weights: Mapping[Pool, int]
) -> Mapping[TargetGroupArn, int]:
    """The weight of each target group: that of the pool whose tasks are in it."""
    by_group: dict[TargetGroupArn, int] = {}
    for pool, weight in weights.items():
        group = _group_of_pool(service, balancer, pool)
        if group is not None:
            by_group[group] = by_group.get(group, 0) + weight
    return by_group


def _group_of_pool(service: Service, balancer: ServiceLoadBalancer, pool: Pool) -> TargetGroupArn | None:
    """The group of the pool's tasks for the same container and port; an older deployment may have others."""
    deployment = _newest(service, pool)
    targets = () if deployment is None else deployment.task_targets
    place = (balancer.container_name, balancer.container_port)
    groups = (balancer.group(alternate=False), balancer.group(alternate=True))
    same_groups = (target.group for target in targets if target.group in groups)
    same_place = (t.group for t in targets if (t.container_name, t.container_port) == place)
    return next(chain(same_groups, same_place), None)


def _with_weights(
    world: World, rule: Rule, balancer: ServiceLoadBalancer, weights: Mapping[TargetGroupArn, int]
) -> Rule:
    """The rule, which forwards to the groups that exist: in percent, or where the weights are finer, in tenths of a
    percent. A rule of which no group would get anything stays as it is.
    """
    unit = 1 if any(weight % _TENTHS for weight in weights.values()) else _TENTHS
    own = (balancer.group(alternate=False), balancer.group(alternate=True))
    shares = tuple(
        WeightedGroup(group, min(weights.get(group, 0) // unit, _HIGHEST_WEIGHT))
        for group in dict.fromkeys((*own, *weights))
        if group in world.target_groups
    )
    stickiness = rule.action.stickiness if isinstance(rule.action, ForwardAction) else None
    gets_traffic = any(share.weight for share in shares)
    return replace(rule, action=ForwardAction(shares, stickiness)) if gets_traffic else rule
