"""The rules of an HTTP listener as routes, in the order of their priorities, with the default rule last.

Requests that a load balancer refuses by itself come first: TRACE with 405, and more than 30 addresses in
X-Forwarded-For with 463.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.elb import attributes
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import FixedResponseAction, ForwardAction, Listener, RedirectAction, Rule
from moyai.mesh.ir import (
    FixedResponse,
    HeaderMatcher,
    RequestMatch,
    Rewrite,
    RouteRule,
    TextMatcher,
    TextTest,
    TimeoutPolicy,
    WeightedDestination,
)
from moyai.mesh.load_balancing.conditions import request_match
from moyai.mesh.load_balancing.pages import HTML, error_page
from moyai.mesh.load_balancing.redirects import redirect
from moyai.mesh.load_balancing.shard import FrontBuilder
from moyai.mesh.load_balancing.target_groups import add_target_group

_LAST: Final = 50_001
"""A greater number than any priority."""
_NO_LIMIT: Final = TimeoutPolicy(request=0, idle=0)
_ENVOY_HEADERS: Final = ("x-envoy-external-address", "x-envoy-internal")
_TOO_MANY_ADDRESSES: Final = RequestMatch(
    headers=(HeaderMatcher("x-forwarded-for", TextMatcher(TextTest.REGEX, "(?:[^,]*,){31,}.*")),)
)
_REFUSED: Final = (
    RouteRule((), _NO_LIMIT, RequestMatch(methods=("TRACE",)), answer=FixedResponse(405, error_page(405), HTML)),
    RouteRule((), _NO_LIMIT, _TOO_MANY_ADDRESSES, answer=FixedResponse(463)),
)
_UNAVAILABLE: Final = FixedResponse(503, error_page(503), HTML)


def route_rules(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener) -> tuple[RouteRule, ...]:
    """The routes of a listener; the target groups that they use are added to the shard."""
    rules = sorted(shard.world.rules.by("listener", listener.arn), key=lambda rule: rule.priority or _LAST)
    own = (route for rule in rules for route in _routes(shard, balancer, listener, rule))
    return (*_REFUSED, *own)


def _routes(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener, rule: Rule) -> Iterator[RouteRule]:
    match = request_match(rule.conditions)
    match rule.action:
        case ForwardAction() as forward:
            yield _forward(shard, balancer, forward, match)
        case RedirectAction() as action:
            yield RouteRule((), _NO_LIMIT, match, answer=redirect(action, listener))
        case FixedResponseAction(status, content_type, body):
            media_type = f"{content_type or 'text/plain'}; charset=utf-8" if body else ""
            yield RouteRule((), _NO_LIMIT, match, answer=FixedResponse(status, body, media_type))


def _forward(shard: FrontBuilder, balancer: LoadBalancer, action: ForwardAction, match: RequestMatch) -> RouteRule:
    """The route of a forward action. With weights of 0 alone there is nothing to forward to."""
    targets = tuple(
        WeightedDestination(name, weighted.weight)
        for weighted in action.groups
        if (name := add_target_group(shard, balancer, weighted.group)) is not None
    )
    if not any(target.weight for target in targets):
        return RouteRule((), _NO_LIMIT, match, answer=_UNAVAILABLE)
    return RouteRule(
        targets,
        _NO_LIMIT,
        match,
        rewrite=Rewrite(without=_ENVOY_HEADERS),
        endpoint_idle=attributes.IDLE_TIMEOUT.of(balancer),
    )
