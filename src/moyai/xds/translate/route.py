"""Rules and hosts as RouteConfigurations.

Where the address already selects the service there is one virtual host; where only the port is known, there is a
virtual host for each of the mesh's hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from envoy.config.route.v3 import route_components_pb2, route_pb2
from msgspec.structs import replace

from moyai.mesh.ir import (
    Destination,
    FixedResponse,
    HashKey,
    InboundPort,
    PathMatcher,
    PathTest,
    RequestMatch,
    RouteRule,
    RouteRules,
    TimeoutPolicy,
    VirtualHost,
    WeightedDestination,
    Workload,
)
from moyai.xds.translate import names
from moyai.xds.translate.cookies import add_cookies
from moyai.xds.translate.front_counts import ACTION, ANSWER, COUNTED, EVALUATED
from moyai.xds.translate.front_script import ask_script, name_traces
from moyai.xds.translate.match import route_match
from moyai.xds.translate.placement import WorkloadPlace
from moyai.xds.translate.proto import duration
from moyai.xds.translate.route_actions import add_answer, add_rewrite, retry_policy

Destinations = Mapping[str, Destination]


def service_routes(
    service: str, table: RouteRules, destinations: Destinations, place: WorkloadPlace | None = None
) -> route_pb2.RouteConfiguration:
    """The routes of a service, the same for every workload that calls it; with ``place``, for this workload alone."""
    message = _any_host(names.egress_routes(service, place), [_route(rule, destinations) for rule in table.rules])
    if table.is_front:
        name_traces(message, drops_headers=table.drops_invalid_headers)
        message.request_headers_to_remove.append(names.HTTP_VERSION)
    return message


def app_routes(workload: Workload, inbound: InboundPort) -> route_pb2.RouteConfiguration:
    """Routes all requests to the application. There are no retries: the caller's proxy has other endpoints."""
    cluster = names.app_cluster(workload, inbound)
    endless = replace(inbound.timeouts, request=0)
    routes = [
        _app_route(cluster, RequestMatch(path=PathMatcher(PathTest.BELOW, path)), endless) for path in inbound.streaming
    ]
    return _any_host(
        names.inbound_routes(workload, inbound), [*routes, _app_route(cluster, RequestMatch(), inbound.timeouts)]
    )


def host_routes(name: str, hosts: Iterable[VirtualHost], destinations: Destinations) -> route_pb2.RouteConfiguration:
    """Routes requests by their host."""
    return _routes(
        name,
        [
            route_components_pb2.VirtualHost(
                name=host.name, domains=host.domains, routes=[_route(rule, destinations) for rule in host.rules]
            )
            for host in hosts
        ],
    )


def empty_routes(name: str) -> route_pb2.RouteConfiguration:
    """Routes without hosts: every request is answered with 404."""
    return route_pb2.RouteConfiguration(name=name)


def _app_route(cluster: str, match: RequestMatch, timeouts: TimeoutPolicy) -> route_components_pb2.Route:
    action = _action(timeouts)
    action.cluster = cluster
    return route_components_pb2.Route(match=route_match(match), route=action)


def _any_host(name: str, routes: list[route_components_pb2.Route]) -> route_pb2.RouteConfiguration:
    return _routes(name, [route_components_pb2.VirtualHost(name=name, domains=["*"], routes=routes)])


def _routes(name: str, hosts: list[route_components_pb2.VirtualHost]) -> route_pb2.RouteConfiguration:
    message = route_pb2.RouteConfiguration(name=name, virtual_hosts=hosts)
    message.validate_clusters.value = False
    return message


def _route(rule: RouteRule, destinations: Destinations) -> route_components_pb2.Route:
    route = route_components_pb2.Route(name=rule.log_name, match=route_match(rule.match), stat_prefix=rule.stat_name)
    if rule.evaluated is not None:
        route.metadata.filter_metadata[COUNTED][EVALUATED] = rule.evaluated
    if not rule.targets:
        add_answer(route, rule.answer)
        if rule.answer is not None:
            is_refusal = isinstance(rule.answer, FixedResponse) and rule.answer.is_refusal
            route.metadata.filter_metadata[COUNTED][ANSWER] = str(rule.answer.status) if is_refusal else ACTION
        return route
    action = _action(rule.timeouts)
    _send(action, rule.targets, destinations)
    if len(rule.targets) == 1:
        add_cookies(route, rule.targets[0])
        session = rule.targets[0].session
        if session is not None and session.application:
            ask_script(route, session=session.name, application=session.application)
    if rule.retry is not None:
        action.retry_policy.CopyFrom(retry_policy(rule.retry))
    if rule.endpoint_idle:
        action.retry_policy.per_try_idle_timeout.CopyFrom(duration(rule.endpoint_idle))
    if rule.hash_on is not None:
        action.hash_policy.append(_hash_policy(rule.hash_on))
    route.route.CopyFrom(action)
    if rule.rewrite is not None:
        add_rewrite(route, rule.rewrite)
    return route


def _action(timeouts: TimeoutPolicy) -> route_components_pb2.RouteAction:
    return route_components_pb2.RouteAction(timeout=duration(timeouts.request), idle_timeout=duration(timeouts.idle))


def _send(
    action: route_components_pb2.RouteAction, targets: tuple[WeightedDestination, ...], destinations: Destinations
) -> None:
    """Set the clusters of a route. Envoy selects one for each request, so retries stay in the same cluster."""
    if len(targets) == 1:
        action.cluster = names.egress_cluster(destinations[targets[0].destination])
        return
    for target in targets:
        share = action.weighted_clusters.clusters.add(name=names.egress_cluster(destinations[target.destination]))
        share.weight.value = target.weight
        add_cookies(share, target)


def _hash_policy(key: HashKey) -> route_components_pb2.RouteAction.HashPolicy:
    policy = route_components_pb2.RouteAction.HashPolicy()
    if key.is_cookie:
        policy.cookie.name = key.name
    else:
        policy.header.header_name = key.name
    return policy
