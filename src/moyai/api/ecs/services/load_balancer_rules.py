"""Rules of a service's load balancers, against their target groups, listener rules and task definition.

Promise: a target group that passes exists, is in the tasks' VPC, has the target type that fits the network mode and the
address type of the tasks' subnets, and is behind a load balancer. AWS's wording is used where it is known.
Sources: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-load-balancing.html,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AdvancedConfiguration.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from moyai.api.operation import Context
from moyai.domain.ecs.account_setting import DUAL_STACK_IPV6
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.load_balancer import AdvancedConfiguration, ServiceLoadBalancer
from moyai.domain.ecs.service import NetworkConfiguration
from moyai.domain.ecs.strategy import Strategy
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition
from moyai.domain.elb.target_group import IPV6, TargetGroup, TargetType
from moyai.domain.keys import scope_of
from moyai.domain.queries.load_balancing import find_rule
from moyai.domain.queries.vpc import find_in_scope
from moyai.domain.vpc.vpc import Subnet
from moyai.domain.world import World
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import TargetGroupArn
from moyai.plan.network.interfaces import gives_ipv6

_MAX_BALANCERS = 5


def check_load_balancers(
    ctx: Context,
    balancers: Sequence[ServiceLoadBalancer],
    definition: TaskDefinition,
    network: NetworkConfiguration | None,
) -> None:
    """Check load balancers against the task definition and their target groups. Raises InvalidParameter."""
    check_members(balancers)
    check_targets(balancers, definition)
    for balancer in balancers:
        for arn in _groups(balancer):
            _check_group(ctx, arn, definition, network)


def check_members(balancers: Sequence[ServiceLoadBalancer]) -> None:
    """Check what the load balancers' members say by themselves. Raises InvalidParameter."""
    if len(balancers) > _MAX_BALANCERS:
        raise InvalidParameter(f"load balancers can have at most {_MAX_BALANCERS} items.")
    groups = Counter(arn for balancer in balancers for arn in _groups(balancer))
    for arn, count in groups.items():
        if count > 1:
            raise InvalidParameter(f"Duplicate targetGroupArn found: {arn}")
    if any(not balancer.target_group_arn for balancer in balancers):
        raise InvalidParameter("A load balancer needs a targetGroupArn. There are no Classic Load Balancers.")
    for arn in groups:
        parsed = parse_arn(arn)
        if parsed is None or (parsed.service, parsed.kind) != ("elasticloadbalancing", "targetgroup"):
            raise InvalidParameter(f"The format of the supplied target group ARN is invalid: {arn}.")


def check_targets(balancers: Sequence[ServiceLoadBalancer], definition: TaskDefinition) -> None:
    """Check the load balancers' containers against a task definition. Raises InvalidParameter."""
    if balancers and definition.network_mode is NetworkMode.NONE:
        raise InvalidParameter("Load balancers are not supported with the network mode none.")
    for balancer in balancers:
        _check_container(balancer, definition)


def check_associated(world: World, balancers: Sequence[ServiceLoadBalancer]) -> None:
    """Raises InvalidParameter for a target group that no listener and no rule uses."""
    for balancer in balancers:
        if not world.rules.count("target_group", balancer.target_group_arn):
            raise InvalidParameter(
                f"The target group with targetGroupArn {balancer.target_group_arn} does not have an associated load"
                " balancer."
            )


def check_traffic_shift(world: World, balancers: Sequence[ServiceLoadBalancer], strategy: Strategy) -> None:
    """Raises InvalidParameter for load balancers whose traffic the strategy can't shift."""
    check_shift_members(balancers, strategy)
    for balancer in balancers:
        if balancer.advanced_configuration is not None:
            _check_rules(world, balancer, balancer.advanced_configuration)


def check_shift_members(balancers: Sequence[ServiceLoadBalancer], strategy: Strategy) -> None:
    """Check what the load balancers' members say of a traffic shift. Raises InvalidParameter."""
    advanced = [b.advanced_configuration for b in balancers]
    if strategy is not Strategy.ROLLING and any(configuration is None for configuration in advanced):
        raise InvalidParameter(
            "advancedConfiguration field is required for all loadBalancers when using a non-ROLLING deployment strategy"
        )
    if len({configuration is None for configuration in advanced}) > 1:
        raise InvalidParameter(
            "Either all or none of the provided loadBalancers must have advancedConfiguration defined"
        )
    production = {c.production_listener_rule for c in advanced if c is not None}
    test = {c.test_listener_rule for c in advanced if c is not None}
    if both := sorted(production.intersection(rule for rule in test if rule)):
        raise InvalidParameter(
            f"The following rules cannot be used as both production and test listener rules: {', '.join(both)}"
        )


def check_role(role: str | None, balancers: Sequence[ServiceLoadBalancer], definition: TaskDefinition) -> None:
    """Raises InvalidParameter for a role, unless the service has one load balancer and its tasks have no network
    interfaces of their own.
    """
    if role and not balancers:
        raise InvalidParameter("role is for services with a load balancer only.")
    if role and (len(balancers) > 1 or definition.network_mode is NetworkMode.AWSVPC):
        raise InvalidParameter(
            "You cannot specify an IAM role for services that require a service linked role. Please ensure that you"
            " have configured the service linked role."
        )


def _groups(balancer: ServiceLoadBalancer) -> tuple[TargetGroupArn, ...]:
    advanced = balancer.advanced_configuration
    return (balancer.target_group_arn, *(() if advanced is None else (advanced.alternate_target_group_arn,)))


def _check_container(balancer: ServiceLoadBalancer, definition: TaskDefinition) -> None:
    name, port = balancer.container_name, balancer.container_port
    container = next((c for c in definition.container_definitions if c.name == name), None)
    if container is None:
        raise InvalidParameter(f"The container {name} does not exist in the task definition.")
    if not any(port in mapping.ports for mapping in container.port_mappings):
        raise InvalidParameter(f"The container {name} did not have a container port {port} defined.")


def _check_group(
    ctx: Context, arn: TargetGroupArn, definition: TaskDefinition, network: NetworkConfiguration | None
) -> None:
    group = ctx.store.world.target_groups.get(arn)
    if group is None or scope_of(group.arn) != ctx.scope:
        raise InvalidParameter(f"The target group {arn} was not found. Create it first.")
    mode = definition.network_mode
    needed_type = TargetType.IP if mode is NetworkMode.AWSVPC else TargetType.INSTANCE
    if group.target_type is not needed_type:
        raise InvalidParameter(
            f"The provided target group {arn} has target type {group.target_type}, which is incompatible with the"
            f" {mode} network mode specified in the task definition."
        )
    _check_subnets(ctx, group, network)
    if group.ip_address_type == IPV6 and not gives_ipv6(ctx.store.world, ctx.scope):
        raise InvalidParameter(
            f"The target group {arn} has IP address type {IPV6}, and the account setting {DUAL_STACK_IPV6} is disabled,"
            " so that tasks get no IPv6 addresses. Enable it first."
        )


def _check_subnets(ctx: Context, group: TargetGroup, network: NetworkConfiguration | None) -> None:
    subnet_ids = () if network is None else network.awsvpc_configuration.subnets
    for subnet in (find_in_scope(ctx.store.world, Subnet, ctx.scope, subnet_id) for subnet_id in subnet_ids):
        if subnet is not None and subnet.vpc != group.vpc:
            raise InvalidParameter(
                f"The target group {group.arn} is in {group.vpc}, and the subnet {subnet.id} in {subnet.vpc}. Use a"
                " target group of the tasks' VPC."
            )
        if subnet is not None and group.ip_address_type == IPV6 and subnet.ipv6 is None:
            raise InvalidParameter(
                f"The target group {group.arn} has IP address type {IPV6}, and the subnet {subnet.id} has no IPv6 CIDR"
                " block."
            )


def _check_rules(world: World, balancer: ServiceLoadBalancer, advanced: AdvancedConfiguration) -> None:
    """Check that both rules exist; without a test rule, the production rule must use both target groups."""
    production = find_rule(world, advanced.production_listener_rule)
    if production is None:
        raise InvalidParameter(
            "productionListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got:"
            f" {advanced.production_listener_rule}"
        )
    test = find_rule(world, advanced.test_listener_rule)
    if advanced.test_listener_rule is not None and test is None:
        raise InvalidParameter(
            "testListenerRule has an invalid ARN format. Must be RuleArn for ALB or ListenerArn for NLB. Got:"
            f" {advanced.test_listener_rule}"
        )
    if test is None and not set(production.groups).issuperset(_groups(balancer)):
        raise InvalidParameter(
            "For Application LoadBalancer, testListenerRule is required when productionListenerRule is not associated"
            " with both targetGroup and alternateTargetGroup"
        )
