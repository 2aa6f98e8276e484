"""The provider of a virtual service as routes: where requests and connections go, port by port.

Promise: a virtual node is called at its listeners' ports, with App Mesh's default timeouts and retries; a virtual
router at its listeners' ports, by its routes in their order. Targets that do not exist are left out and reported; where
no target has weight, requests are rejected. A route without a port applies to every listener of its protocol.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/routes.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.appmesh.client_policy import ClientPolicyTls
from moyai.domain.appmesh.listener import ListenerPort, NodeListener
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import AppMeshRoute, GrpcRoute, HttpRoute, VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.domain.world import World
from moyai.mesh.app_mesh.destination import add_destination
from moyai.mesh.app_mesh.match import request_match, sort_routes
from moyai.mesh.app_mesh.policies import DEFAULT_RETRY, retries, shortest, timeouts
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.ir import Protocol, RouteRule, StreamSplit, TimeoutPolicy, WeightedDestination

_CONNECT_ATTEMPTS = 1


class Caller(NamedTuple):
    """The policies of a calling virtual node or gateway. ``request``: its own listeners' request timeout in seconds,
    which bounds that of the requests that it makes; 0 = no bound.
    """

    policy: ClientPolicyTls | None = None
    request: float = 0


Routing = tuple[RouteRule, ...] | StreamSplit
"""The rules for requests to a port, or the split of TCP connections to it."""


class ServicePort(NamedTuple):
    """A port at which a virtual service is called. ``provider``: the provider's ARN; ``routing``: adds the provider's
    routing for a caller to a shard.
    """

    port: int
    protocol: Protocol
    provider: str
    routing: Callable[[ShardBuilder, Caller], Routing]


def service_ports(world: World, service: VirtualService) -> tuple[ServicePort, ...]:
    """The ports of a virtual service's provider; none without a provider."""
    match app_mesh.provider(world, service):
        case VirtualNode() as node:
            return tuple(
                _service_port(listener.port_mapping, node.arn, partial(_node_routing, node, listener))
                for listener in node.spec.listeners or ()
            )
        case VirtualRouter() as router:
            mappings = (listener.port_mapping for listener in router.spec.listeners or ())
            return tuple(_service_port(m, router.arn, partial(_router_routing, router, m)) for m in mappings)
        case None:
            return ()


def _service_port(
    mapping: ListenerPort, provider: str, routing: Callable[[ShardBuilder, Caller], Routing]
) -> ServicePort:
    return ServicePort(mapping.port, Protocol(mapping.protocol), provider, routing)


def _node_routing(node: VirtualNode, listener: NodeListener, shard: ShardBuilder, caller: Caller) -> Routing:
    protocol = Protocol(listener.port_mapping.protocol)
    targets = (WeightedDestination(add_destination(shard, node, listener, caller.policy)),)
    policy = timeouts(protocol, None)
    if protocol is Protocol.TCP:
        return StreamSplit(targets, policy, _CONNECT_ATTEMPTS)
    return (RouteRule(targets, _within(policy, caller), retry=DEFAULT_RETRY, stat_name=node.name),)


def _router_routing(router: VirtualRouter, listener: ListenerPort, shard: ShardBuilder, caller: Caller) -> Routing:
    protocol = Protocol(listener.protocol)
    routes = sort_routes(route for route in app_mesh.routes(shard.world, router.arn) if _applies_to(route, listener))
    if protocol is not Protocol.TCP:
        return tuple(_rule(shard, route, caller) for route in routes)
    first = routes[0] if routes else None
    timeout = None if first is None or first.spec.tcp_route is None else first.spec.tcp_route.timeout
    targets = () if first is None else _targets(shard, first, caller)
    return StreamSplit(targets, timeouts(protocol, timeout), _CONNECT_ATTEMPTS)


def _within(policy: TimeoutPolicy, caller: Caller) -> TimeoutPolicy:
    """The policy, bounded by the caller's own request timeout."""
    return replace(policy, request=shortest(policy.request, caller.request))


def _applies_to(route: AppMeshRoute, listener: ListenerPort) -> bool:
    return route.spec.port in {None, listener.port} and route.spec.protocol is listener.protocol


def _rule(shard: ShardBuilder, route: AppMeshRoute, caller: Caller) -> RouteRule:
    protocol, http = route.spec.member
    assert isinstance(http, HttpRoute | GrpcRoute), "only HTTP and gRPC routes have rules"  # noqa: S101  (TCP is handled before)
    return RouteRule(
        targets=_targets(shard, route, caller),
        timeouts=_within(timeouts(Protocol(protocol), http.timeout), caller),
        match=request_match(http.match),
        retry=retries(http.retry_policy),
        stat_name=route.name,
    )


def _targets(shard: ShardBuilder, route: AppMeshRoute, caller: Caller) -> tuple[WeightedDestination, ...]:
    """The route's targets with their weights; none if no target has weight."""
    weights: dict[str, int] = {}
    for target in route.spec.targets:
        node = app_mesh.virtual_node(shard.world, route.mesh, target.virtual_node)
        listener = None if node is None else _listener(node, target.port)
        if node is None or listener is None:
            at = "" if target.port is None else f" at port {target.port}"
            shard.report(route.arn, f"its target {target.virtual_node}{at} is left out: there is no such listener")
            continue
        if listener.port_mapping.protocol is not route.spec.protocol:
            protocols = (
                f"{target.virtual_node} speaks {listener.port_mapping.protocol}, the route {route.spec.protocol}"
            )
            shard.report(route.arn, f"its target may not understand it: {protocols}")
        name = add_destination(shard, node, listener, caller.policy)
        weights[name] = weights.get(name, 0) + target.weight
    return tuple(WeightedDestination(name, weight) for name, weight in weights.items()) if any(weights.values()) else ()


def _listener(node: VirtualNode, port: int | None) -> NodeListener | None:
    """The node's listener of this port; its first listener if the port is None."""
    return next((at for at in node.spec.listeners or () if port in {None, at.port_mapping.port}), None)
