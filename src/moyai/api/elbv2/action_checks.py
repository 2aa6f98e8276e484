"""Checks that a listener of a load balancer can have an action.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html,
https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-target-groups.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from moyai.api.elbv2.lookup import TARGET_GROUP, resource_of
from moyai.api.operation import Context
from moyai.domain.elb.errors import (
    IncompatibleProtocols,
    InvalidConfigurationRequest,
    InvalidLoadBalancerAction,
    TargetGroupAssociationLimit,
    TooManyUniqueTargetGroupsPerLoadBalancer,
)
from moyai.domain.elb.load_balancer import DUAL_STACK, LoadBalancer, LoadBalancerType
from moyai.domain.elb.quotas import GROUPS_PER_LOAD_BALANCER
from moyai.domain.elb.rule import Action, ForwardAction, ListenerProtocol, RedirectAction, Rule
from moyai.domain.elb.target_group import IPV6, ProtocolVersion, TargetGroup, TargetProtocol
from moyai.domain.queries.load_balancing import load_balancers_of_group, rules_of_load_balancer
from moyai.kernel.errors import InvalidInput

_HTTP: Final = frozenset({TargetProtocol.HTTP, TargetProtocol.HTTPS})
_TARGET_PROTOCOLS: Final[Mapping[ListenerProtocol, frozenset[TargetProtocol]]] = MappingProxyType(
    {
        ListenerProtocol.HTTP: _HTTP,
        ListenerProtocol.HTTPS: _HTTP,
        ListenerProtocol.TCP: frozenset({TargetProtocol.TCP, TargetProtocol.TCP_UDP}),
        ListenerProtocol.TLS: frozenset({TargetProtocol.TCP, TargetProtocol.TLS}),
        ListenerProtocol.UDP: frozenset({TargetProtocol.UDP, TargetProtocol.TCP_UDP}),
        ListenerProtocol.TCP_UDP: frozenset({TargetProtocol.TCP_UDP}),
    }
)
"""The protocols of the target groups to which a listener forwards."""
IPV6_GROUP: Final = "You cannot associate an IPv6 target group with a load balancer that has an 'ipv4' IP address type"
"""AWS's text."""


def check_action(
    ctx: Context, balancer: LoadBalancer, protocol: ListenerProtocol, action: Action, replaced: Rule | None = None
) -> None:
    """Raises the errors of CreateRule unless a listener of the load balancer with this protocol can have the action.

    ``replaced``: the rule that gets the action, whose present target groups do not count.
    """
    if balancer.type is LoadBalancerType.NETWORK:
        _check_network_action(action)
    if isinstance(action, RedirectAction) and (protocol, action.protocol) == (ListenerProtocol.HTTPS, "HTTP"):
        raise InvalidLoadBalancerAction("A redirect from HTTPS to HTTP is not possible")
    if isinstance(action, ForwardAction):
        groups = [resource_of(ctx, TARGET_GROUP, weighted.group) for weighted in action.groups]
        for group in groups:
            _check_fit(balancer, protocol, group)
        _check_associations(ctx, balancer, groups, replaced)


def check_protocol(ctx: Context, balancer: LoadBalancer, protocol: ListenerProtocol, rules: Iterable[Rule]) -> None:
    """Raises the errors of ModifyListener unless a listener with these rules can have the protocol."""
    for rule in rules:
        check_action(ctx, balancer, protocol, rule.action, rule)


def _check_network_action(action: Action) -> None:
    if not isinstance(action, ForwardAction):
        raise InvalidLoadBalancerAction("A listener of a network load balancer can have forward actions only")
    if action.stickiness is not None:
        raise InvalidLoadBalancerAction("Target group stickiness is not possible for network load balancers")


def _check_fit(balancer: LoadBalancer, protocol: ListenerProtocol, group: TargetGroup) -> None:
    if group.protocol not in _TARGET_PROTOCOLS[protocol]:
        raise IncompatibleProtocols(
            f"The protocol '{group.protocol}' of target group '{group.arn}' is incompatible with the listener protocol"
            f" '{protocol}'"
        )
    if group.protocol_version in {ProtocolVersion.HTTP2, ProtocolVersion.GRPC} and protocol is ListenerProtocol.HTTP:
        raise IncompatibleProtocols(
            "Listener protocol 'HTTP' is not supported with a target group with the protocol-version"
            f" '{group.protocol_version}'"
        )
    if group.ip_address_type == IPV6 and balancer.ip_address_type != DUAL_STACK:
        raise InvalidConfigurationRequest(IPV6_GROUP)
    if group.vpc != balancer.vpc:
        raise InvalidInput(
            f"Target group '{group.arn}' is in VPC '{group.vpc}', and the load balancer in VPC '{balancer.vpc}'"
        )


def _check_associations(
    ctx: Context, balancer: LoadBalancer, groups: Iterable[TargetGroup], replaced: Rule | None
) -> None:
    world = ctx.store.world
    elsewhere = [group.arn for group in groups if set(load_balancers_of_group(world, group.arn)) - {balancer.arn}]
    if elsewhere:
        raise TargetGroupAssociationLimit(
            f"The following target groups cannot be associated with more than one load balancer: {', '.join(elsewhere)}"
        )
    others = (rule for rule in rules_of_load_balancer(world, balancer.arn) if rule != replaced)
    used = {group for rule in others for group in rule.groups} | {group.arn for group in groups}
    if len(used) > GROUPS_PER_LOAD_BALANCER:
        raise TooManyUniqueTargetGroupsPerLoadBalancer(
            f"A load balancer can use at most {GROUPS_PER_LOAD_BALANCER} target groups"
        )
