"""Listeners: created, described, changed and deleted.

Promise: a listener is created with its default rule, which has its default action, and deleted with all of its rules.
A port of a load balancer has one listener. A listener that loses TLS loses its policy and its certificates.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.action_checks import check_action, check_protocol
from moyai.api.elbv2.actions import ActionRequest, action_of, action_view
from moyai.api.elbv2.listener_settings import ListenerSettingsRequest, protocol_of, tls_settings
from moyai.api.elbv2.lookup import (
    LISTENER,
    LOAD_BALANCER,
    MarkerPageRequest,
    check_unmanaged,
    page_of,
    resource_of,
    resources_of,
)
from moyai.api.elbv2.tags import new_tags
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.elb.errors import DuplicateListener, InvalidConfigurationRequest, ResourceInUse, TooManyListeners
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.quotas import LISTENERS
from moyai.domain.elb.rule import Listener, PresentedTls, Rule
from moyai.domain.queries.load_balancing import default_rule
from moyai.domain.world import Delete, Put, World
from moyai.kernel.errors import InvalidInput
from moyai.plan.elb.new_records import Creation, new_listener, new_rule_arn


class CreateListenerRequest(ListenerSettingsRequest, frozen=True, kw_only=True):
    load_balancer_arn: str
    default_actions: tuple[ActionRequest, ...]
    tags: tuple[Tag, ...] = ()


class ModifyListenerRequest(ListenerSettingsRequest, frozen=True, kw_only=True):
    listener_arn: str
    default_actions: tuple[ActionRequest, ...] = ()


class DescribeListenersRequest(MarkerPageRequest, frozen=True):
    load_balancer_arn: str | None = None
    listener_arns: tuple[str, ...] = ()


class ListenerRequest(msgspec.Struct, frozen=True):
    """The listener that an operation is about."""

    listener_arn: str


def create_listener(ctx: Context, request: CreateListenerRequest) -> dict[str, object]:
    """Create a listener with its default rule."""
    balancer = resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
    protocol = protocol_of(balancer, request.protocol)
    if request.port is None:
        raise InvalidInput("A listener port must be specified")
    _check_port(ctx, balancer, request.port)
    tls = tls_settings(ctx, protocol, request, PresentedTls())
    action, order = action_of(request.default_actions)
    check_action(ctx, balancer, protocol, action)
    tags = new_tags("listener", request.tags)
    if ctx.store.world.listeners.count("load_balancer", balancer.arn) >= LISTENERS:
        raise TooManyListeners(f"The load balancer has {LISTENERS} listeners, which is the maximum")
    creation = Creation(ctx.scope, ctx.now, ctx.ids, tags)
    listener = new_listener(creation, balancer, request.port, protocol, tls)
    rule = Rule(new_rule_arn(listener.arn, ctx.ids), listener.arn, action, order=order)
    ctx.store.apply([Put(listener), Put(rule)])
    return {"listeners": [listener_view(listener, rule)]}


def describe_listeners(ctx: Context, request: DescribeListenersRequest) -> dict[str, object]:
    """The listeners of a load balancer, or those with these ARNs."""
    world = ctx.store.world
    if (request.load_balancer_arn is None) is (not request.listener_arns):
        raise InvalidInput("You must specify either listener ARNs or a load balancer ARN")
    if request.load_balancer_arn is not None:
        balancer = resource_of(ctx, LOAD_BALANCER, request.load_balancer_arn)
        listeners = list(world.listeners.by("load_balancer", balancer.arn))
    else:
        listeners = resources_of(ctx, LISTENER, request.listener_arns)
    listing = ("listeners", request.load_balancer_arn, request.listener_arns)
    selected, marker = page_of(listeners, listing, request)
    views = [listener_view(listener, default_rule(world, listener.arn)) for listener in selected]
    return {"listeners": views, "next_marker": marker}


def modify_listener(ctx: Context, request: ModifyListenerRequest) -> dict[str, object]:
    """Change the port, the protocol, the TLS settings or the default action of a listener."""
    listener = resource_of(ctx, LISTENER, request.listener_arn)
    world = ctx.store.world
    balancer, rule = world.load_balancers[listener.load_balancer], default_rule(world, listener.arn)
    protocol = protocol_of(balancer, request.protocol or listener.protocol)
    if request.port not in {None, listener.port}:
        _check_port(ctx, balancer, request.port or 0)
        if _is_targeted(world, listener):
            raise InvalidConfigurationRequest(_in_use(listener, "changed"))
    current = PresentedTls(listener.ssl_policy, listener.certificates, listener.alpn_policy)
    tls = tls_settings(ctx, protocol, request, current)
    if request.default_actions:
        action, order = action_of(request.default_actions)
        check_action(ctx, balancer, protocol, action, rule)
        rule = replace(rule, action=action, order=order)
    others = (other for other in world.rules.each("listener", listener.arn) if other.arn != rule.arn)
    check_protocol(ctx, balancer, protocol, (rule, *others))
    listener = replace(
        listener,
        port=request.port or listener.port,
        protocol=protocol,
        ssl_policy=tls.policy,
        certificates=tls.certificates,
        alpn_policy=tls.alpn_policy,
    )
    ctx.store.apply([Put(listener), Put(rule)])
    return {"listeners": [listener_view(listener, rule)]}


def delete_listener(ctx: Context, request: ListenerRequest) -> None:
    """Delete a listener with its rules."""
    listener = resource_of(ctx, LISTENER, request.listener_arn)
    world = ctx.store.world
    check_unmanaged(world, listener.arn, ResourceInUse)
    if _is_targeted(world, listener):
        raise ResourceInUse(_in_use(listener, "removed"))
    rules = [Delete(Rule, rule.arn) for rule in world.rules.each("listener", listener.arn)]
    ctx.store.apply([*rules, Delete(Listener, listener.arn)])


def listener_view(listener: Listener, rule: Rule) -> dict[str, object]:
    """A listener as the API has it, with the action of its default rule; of its certificates only the default one."""
    return {
        "listener_arn": listener.arn,
        "load_balancer_arn": listener.load_balancer,
        "port": listener.port,
        "protocol": listener.protocol,
        "ssl_policy": listener.ssl_policy,
        "certificates": [{"certificate_arn": certificate} for certificate in listener.certificates[:1]],
        "default_actions": [action_view(rule.action, rule.order)],
        "alpn_policy": [] if listener.alpn_policy is None else [listener.alpn_policy],
        "mutual_authentication": {"mode": "off"} if listener.protocol == "HTTPS" else None,
    }


def _check_port(ctx: Context, balancer: LoadBalancer, port: int) -> None:
    if any(other.port == port for other in ctx.store.world.listeners.each("load_balancer", balancer.arn)):
        raise DuplicateListener


def _is_targeted(world: World, listener: Listener) -> bool:
    """Whether the listener's port is a target of a network load balancer."""
    targets = world.targets.each("load_balancer", listener.load_balancer)
    return any(target.port == listener.port for target in targets)


def _in_use(listener: Listener, what: str) -> str:
    port = f"Listener port '{listener.port}' is in use by registered target '{listener.load_balancer}'"
    return f"{port} and cannot be {what}."
