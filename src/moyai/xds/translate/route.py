"""Route tables as RouteConfigurations: one virtual host, because the address has already said which service."""

from __future__ import annotations

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.type.matcher.v3 import regex_pb2, string_pb2

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import InboundPort, Match, RouteTable, Rule, TimeoutPolicy
from moyai.xds.translate import names
from moyai.xds.translate.proto import seconds
from moyai.xds.translate.retry import retry_policy


def service_routes(service: str, table: RouteTable) -> route_pb2.RouteConfiguration:
    """The routes of a service, the same for every workload that calls it."""
    return _routes(names.egress_routes(service), [_route(rule) for rule in table.rules])


def app_routes(workload: WorkloadId, inbound: InboundPort) -> route_pb2.RouteConfiguration:
    """Everything to the application. No second try here: the caller's proxy has other endpoints."""
    cluster = names.app_cluster(workload, inbound)
    action = _action(cluster, inbound.timeouts)
    route = route_components_pb2.Route(match=_match(Match()), route=action)
    return _routes(cluster, [route])


def _routes(name: str, routes: list[route_components_pb2.Route]) -> route_pb2.RouteConfiguration:
    host = route_components_pb2.VirtualHost(name=name, domains=["*"], routes=routes)
    message = route_pb2.RouteConfiguration(name=name, virtual_hosts=[host])
    message.validate_clusters.value = False
    return message


def _route(rule: Rule) -> route_components_pb2.Route:
    action = _action(names.egress_cluster(rule.destination), rule.timeouts)
    if rule.retry is not None:
        action.retry_policy.CopyFrom(retry_policy(rule.retry))
    return route_components_pb2.Route(match=_match(rule.match), route=action)


def _action(cluster: str, timeouts: TimeoutPolicy) -> route_components_pb2.RouteAction:
    return route_components_pb2.RouteAction(
        cluster=cluster, timeout=seconds(timeouts.request), idle_timeout=seconds(timeouts.idle)
    )


def _match(match: Match) -> route_components_pb2.RouteMatch:
    message = route_components_pb2.RouteMatch(prefix="/")
    if match.methods:
        methods = regex_pb2.RegexMatcher(regex="|".join(match.methods))
        method = route_components_pb2.HeaderMatcher(
            name=":method", string_match=string_pb2.StringMatcher(safe_regex=methods)
        )
        message.headers.append(method)
    return message
