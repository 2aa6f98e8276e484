"""Route tables as RouteConfigurations: one virtual host, because the address has already said which service."""

from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2, route_pb2
from msgspec.structs import replace

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import HashKey, InboundPort, Match, PathMatch, PathTest, RouteTable, Rule, Target, TimeoutPolicy
from moyai.xds.translate import names
from moyai.xds.translate.match import route_match
from moyai.xds.translate.proto import seconds
from moyai.xds.translate.retry import retry_policy


def service_routes(service: str, table: RouteTable) -> route_pb2.RouteConfiguration:
    """The routes of a service, the same for every workload that calls it."""
    return _routes(names.egress_routes(service), [_route(rule) for rule in table.rules])


def app_routes(workload: WorkloadId, inbound: InboundPort) -> route_pb2.RouteConfiguration:
    """Everything to the application. No second try here: the caller's proxy has other endpoints."""
    cluster = names.app_cluster(workload, inbound)
    endless = replace(inbound.timeouts, request=0)
    routes = [_app_route(cluster, Match(path=PathMatch(PathTest.BELOW, path)), endless) for path in inbound.streaming]
    return _routes(names.app_routes(workload, inbound), [*routes, _app_route(cluster, Match(), inbound.timeouts)])


def _app_route(cluster: str, match: Match, timeouts: TimeoutPolicy) -> route_components_pb2.Route:
    action = _action(timeouts)
    action.cluster = cluster
    return route_components_pb2.Route(match=route_match(match), route=action)


def _routes(name: str, routes: list[route_components_pb2.Route]) -> route_pb2.RouteConfiguration:
    host = route_components_pb2.VirtualHost(name=name, domains=["*"], routes=routes)
    message = route_pb2.RouteConfiguration(name=name, virtual_hosts=[host])
    message.validate_clusters.value = False
    return message


def _route(rule: Rule) -> route_components_pb2.Route:
    action = _action(rule.timeouts)
    _send(action, rule.targets)
    if rule.retry is not None:
        action.retry_policy.CopyFrom(retry_policy(rule.retry))
    if rule.hash_on is not None:
        action.hash_policy.append(_hash_policy(rule.hash_on))
    return route_components_pb2.Route(match=route_match(rule.match), route=action)


def _action(timeouts: TimeoutPolicy) -> route_components_pb2.RouteAction:
    return route_components_pb2.RouteAction(timeout=seconds(timeouts.request), idle_timeout=seconds(timeouts.idle))


def _send(action: route_components_pb2.RouteAction, targets: tuple[Target, ...]) -> None:
    """Envoy draws a cluster once a request, so its retries stay with what was drawn."""
    if len(targets) == 1:
        action.cluster = names.egress_cluster(targets[0].destination)
        return
    for target in targets:
        share = action.weighted_clusters.clusters.add(name=names.egress_cluster(target.destination))
        share.weight.value = target.weight


def _hash_policy(key: HashKey) -> route_components_pb2.RouteAction.HashPolicy:
    policy = route_components_pb2.RouteAction.HashPolicy()
    if key.is_cookie:
        policy.cookie.name = key.name
    else:
        policy.header.header_name = key.name
    return policy
