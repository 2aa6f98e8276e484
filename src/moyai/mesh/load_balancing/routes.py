"""The rules of an HTTP listener as routes, in the order of their priorities. The default rule is last and does not
count as evaluated.

Requests that a load balancer itself refuses come first: TRACE with 405, several Host headers, which Envoy joins by
commas, with 400, and more than 30 addresses in X-Forwarded-For with 463. The routes of a rule are preceded by its
refusals, with 464, of requests whose protocol fits none of its target groups: groups with the version HTTP1 accept all
requests except gRPC calls, groups with HTTP2 all HTTP/2 requests, and groups with GRPC all HTTP/2 requests with the
method POST.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from msgspec.structs import replace

from moyai.domain.elb import attributes
from moyai.domain.elb.front import group_cluster
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import FixedResponseAction, ForwardAction, Listener, RedirectAction, Rule
from moyai.domain.elb.target_group import ProtocolVersion
from moyai.domain.world import World
from moyai.mesh.ir import (
    FixedResponse,
    HeaderMatcher,
    RequestMatch,
    RouteRule,
    SetCookie,
    TextMatcher,
    TextTest,
    TimeoutPolicy,
    WeightedDestination,
)
from moyai.mesh.load_balancing.conditions import request_match
from moyai.mesh.load_balancing.logs import log_name
from moyai.mesh.load_balancing.pages import HTML, error_page
from moyai.mesh.load_balancing.rewrites import redirect, rewrite_of
from moyai.mesh.load_balancing.shard import FrontBuilder
from moyai.mesh.load_balancing.target_groups import add_nobody, add_target_group, is_group_draining, session_cookie

_GROUP_COOKIE: Final = "AWSALBTG"
_AFTER_ALL_PRIORITIES: Final = 50_001
"""A greater number than any priority."""
_NO_LIMIT: Final = TimeoutPolicy(request=0, idle=0)
_LONGER: Final = 1
"""Seconds by which the client's time-out is longer than the target's, so that the target's fires first, with 504."""
_ENVOY_HEADERS: Final = ("x-envoy-external-address", "x-envoy-internal")
_TOO_MANY_ADDRESSES: Final = RequestMatch(
    headers=(HeaderMatcher("x-forwarded-for", TextMatcher(TextTest.REGEX, "(?:[^,]*,){31,}.*")),)
)
_NO_POST: Final = HeaderMatcher(":method", TextMatcher(TextTest.EXACT, "POST"), invert=True)
_SEVERAL_HOSTS: Final = RequestMatch(headers=(HeaderMatcher(":authority", TextMatcher(TextTest.REGEX, "[^,]*,.*")),))


def _refusal(status: int, page: str = "") -> FixedResponse:
    return FixedResponse(status, page, HTML if page else "", is_refusal=True)


_REFUSED: Final = tuple(
    RouteRule((), _NO_LIMIT, match, answer=answer, evaluated=0)
    for match, answer in (
        (RequestMatch(methods=("TRACE",)), _refusal(405, error_page(405))),
        (_SEVERAL_HOSTS, _refusal(400, error_page(400))),
        (_TOO_MANY_ADDRESSES, _refusal(463)),
    )
)
_UNAVAILABLE: Final = _refusal(503, error_page(503))
_INCOMPATIBLE: Final = _refusal(464)


def route_rules(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener) -> tuple[RouteRule, ...]:
    """The routes of a listener; the target groups that they use are added to the shard."""
    rules = sorted(
        shard.world.rules.by("listener", listener.arn), key=lambda rule: rule.priority or _AFTER_ALL_PRIORITIES
    )
    own = (
        replace(route, log_name=log_name(rule), evaluated=number if rule.priority else number - 1)
        for number, rule in enumerate(rules, 1)
        for route in _routes(shard, balancer, listener, rule)
    )
    return (*_REFUSED, *own)


def _routes(shard: FrontBuilder, balancer: LoadBalancer, listener: Listener, rule: Rule) -> Iterator[RouteRule]:
    match = request_match(rule.conditions)
    match rule.action:
        case ForwardAction() as forward:
            for incompatible in _incompatible_requests(shard.world, listener, forward, match):
                yield RouteRule((), _NO_LIMIT, incompatible, answer=_INCOMPATIBLE)
            rewrite = rewrite_of(rule, _ENVOY_HEADERS)
            for route in _forward(shard, balancer, forward, match):
                yield replace(route, rewrite=rewrite) if route.targets else route
        case RedirectAction() as action:
            yield RouteRule((), _NO_LIMIT, match, answer=redirect(action, listener))
        case FixedResponseAction(status, content_type, body):
            media_type = f"{content_type or 'text/plain'}; charset=utf-8" if body else ""
            yield RouteRule((), _NO_LIMIT, match, answer=FixedResponse(status, body, media_type))


def _forward(
    shard: FrontBuilder, balancer: LoadBalancer, action: ForwardAction, match: RequestMatch
) -> Iterator[RouteRule]:
    """The routes of a forward action: with stickiness, also a route for the clients of each group. If all weights are
    0, the response is 503.
    """
    targets = tuple(_targets(shard, balancer, action))
    if not any(target.weight for target in targets):
        yield RouteRule((), _NO_LIMIT, match, answer=_UNAVAILABLE)
        return
    idle = attributes.IDLE_TIMEOUT.of(balancer)
    route = RouteRule(targets, TimeoutPolicy(request=0, idle=idle + _LONGER), match, endpoint_idle=idle)
    if action.stickiness is not None:
        for target in targets:
            if target.weight:
                clients = HeaderMatcher("cookie", TextMatcher(TextTest.REGEX, _has_cookie(target.destination)))
                own_match = replace(match, headers=(*match.headers, clients))
                yield replace(route, targets=(target,), match=own_match)
    yield route


def _targets(shard: FrontBuilder, balancer: LoadBalancer, action: ForwardAction) -> Iterator[WeightedDestination]:
    """The target groups that exist, with the cookies of their responses. A group whose targets are all draining gets no
    requests; its share goes to a destination without endpoints.
    """
    for weighted in action.groups:
        group = add_target_group(shard, balancer, weighted.group)
        if group is not None:
            name = group_cluster(group.arn)
            cookies = () if action.stickiness is None else tuple(_group_cookies(name, action.stickiness))
            if is_group_draining(shard, group):
                yield WeightedDestination(name, 0)
                yield WeightedDestination(add_nobody(shard), weighted.weight, cookies)
            else:
                yield WeightedDestination(name, weighted.weight, cookies, session_cookie(group))


def _group_cookies(group: str, seconds: int) -> Iterator[SetCookie]:
    yield SetCookie(_GROUP_COOKIE, _cookie_value(group), seconds)
    yield SetCookie(f"{_GROUP_COOKIE}CORS", _cookie_value(group), seconds, cross_site=True)


def _has_cookie(group: str) -> str:
    return f"(?:.*; *)?{_GROUP_COOKIE}(?:CORS)?={_cookie_value(group)}(?:;.*)?"


def _cookie_value(group: str) -> str:
    """A value that names the group and tells clients nothing about it."""
    return sha256(group.encode()).hexdigest()


def _incompatible_requests(
    world: World, listener: Listener, action: ForwardAction, match: RequestMatch
) -> Iterator[RequestMatch]:
    """The matches of a rule's requests that fit none of its target groups. None for a listener without TLS, which
    speaks HTTP/1.1 only and has groups with the version HTTP1 only.
    """
    if not listener.protocol.is_encrypted:
        return
    groups = (world.target_groups.get(weighted.group) for weighted in action.groups)
    versions = {group.protocol_version for group in groups if group is not None}
    if versions == {ProtocolVersion.HTTP1}:
        yield replace(match, grpc=True)
    elif versions and ProtocolVersion.HTTP1 not in versions:
        yield replace(match, http1=True)
    if versions == {ProtocolVersion.GRPC}:
        yield replace(match, headers=(*match.headers, _NO_POST))
