"""The changes of a gateway's load balancers that follow from an update of the gateway.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateGateway.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from moyai.domain.ecs.gateway import GatewayStatus, ServiceGateway
from moyai.domain.ecs.ingress import IngressPath
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Rule
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Change, Put, World
from moyai.kernel.ids import LoadBalancerArn
from moyai.plan.elb.new_records import Creation, new_rule_arn
from moyai.plan.ingress.connections import balancer_attributes, gateway_tags, header_condition
from moyai.plan.ingress.paths import traffic_conditions
from moyai.plan.ingress.shared_balancer import balancer_rules


def update_balancers(
    world: World, creation: Creation, before: ServiceGateway, gateway: ServiceGateway
) -> tuple[ServiceGateway, tuple[Change, ...]]:
    """The gateway with the load balancers that its update changes, and the changes of these and their security groups.
    The update also waits for the load balancers of a former update, even a failed one. Without any, it is complete.
    """
    by_balancer: dict[LoadBalancerArn, list[IngressPath]] = {}
    for path in world.ingress_paths.by("pool", gateway.arn):
        by_balancer.setdefault(path.load_balancer, []).append(path)
    changes: list[Change] = []
    updating = dict.fromkeys((*before.updating, *(failure.arn for failure in before.failures)))
    for arn, paths in by_balancer.items():
        balancer = world.load_balancers.get(arn)
        own = [] if balancer is None else list(_balancer_changes(world, creation, (before, gateway), balancer, paths))
        changes += own
        updating |= {arn: None} if own else {}
    status = GatewayStatus.UPDATE_IN_PROGRESS if updating else GatewayStatus.UPDATE_COMPLETE
    return replace(gateway, status=status, updating=tuple(updating), failures=()), tuple(changes)


def _balancer_changes(
    world: World,
    creation: Creation,
    gateways: tuple[ServiceGateway, ServiceGateway],
    balancer: LoadBalancer,
    paths: Sequence[IngressPath],
) -> Iterator[Change]:
    """The changes of a load balancer, of its security group and of the rules of test traffic. ``gateways``: the gateway
    before the update, and after it.
    """
    before, gateway = gateways
    changed = replace(balancer, attributes={**balancer.attributes, **balancer_attributes(gateway)})
    if before.inbound_group != gateway.inbound_group:
        own = paths[0].balancer_group
        groups = (own,) if gateway.inbound_group is None else (own, gateway.inbound_group)
        nodes = tuple(replace(n, interface=replace(n.interface, security_groups=groups)) for n in balancer.nodes)
        changed = replace(changed, security_groups=groups, nodes=nodes)
        group, vpc = world.security_groups.get(own), find_in_scope(world, Vpc, creation.scope, gateway.vpc)
        if group is not None and vpc is not None:
            closed = gateway.inbound_group is not None
            yield Put(replace(group, rules=balancer_rules(creation, vpc, gateway.access.scheme, closed=closed)))
    if changed != balancer:
        yield Put(changed)
    if before.test_header != gateway.test_header:
        for path in paths:
            yield from _test_rule(world, creation, gateway, path)


def _test_rule(world: World, creation: Creation, gateway: ServiceGateway, path: IngressPath) -> Iterator[Change]:
    """The rule of a path's test traffic, changed or added before the path's rule."""
    header, production = header_condition(gateway), world.rules.get(path.rule)
    if header is None or production is None or production.priority is None:
        return
    conditions, priority = traffic_conditions(path.host, header), production.priority - 1
    rule = None if path.test_rule is None else world.rules.get(path.test_rule)
    if rule is not None:
        yield Put(replace(rule, conditions=conditions))
    elif all(other.priority != priority for other in world.rules.each("listener", path.listener)):
        arn = new_rule_arn(path.listener, creation.ids)
        yield Put(Rule(arn, path.listener, production.action, priority, conditions, tags=gateway_tags(gateway)))
        yield Put(replace(path, test_rule=arn))
