"""What a virtual service's provider does with what is sent to it, port by port.

Promise: a virtual node is called at its listeners' ports, with App Mesh's own timeouts and retries; a virtual router at
its listeners' ports, with its routes in their order. Targets that can't be had are left out and reported; where no
target has weight, requests are turned away. A route that says no port holds at every listener of its protocol.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/routes.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.appmesh.client_policy import ClientPolicyTls
from moyai.domain.appmesh.listener import NodeListener
from moyai.domain.appmesh.protocol import PortMapping
from moyai.domain.appmesh.route import GrpcRoute, HttpRoute, Route
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.appmesh.virtual_service import VirtualService
from moyai.domain.queries import app_mesh
from moyai.domain.world import World
from moyai.mesh.app_mesh.destination import destination
from moyai.mesh.app_mesh.match import in_order, match_of
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.app_mesh.policies import DEFAULT_RETRY, retries, shortest, timeouts
from moyai.mesh.ir import Protocol, Rule, StreamSplit, Target, TimeoutPolicy

_CONNECT_ATTEMPTS = 1


class Client(NamedTuple):
    """Who calls. ``request``: seconds that its own listeners give a request, which bound what it calls; 0 = none."""

    policy: ClientPolicyTls | None = None
    request: float = 0


Routing = tuple[Rule, ...] | StreamSplit
"""What becomes of what is sent to a port: rules for requests; of TCP's connections all go one way."""


class Called(NamedTuple):
    """A port under which a virtual service is called. ``provider``: the ARN of who provides it; ``routing``: what that
    does for a client.
    """

    port: int
    protocol: Protocol
    provider: str
    routing: Callable[[Part, Client], Routing]


def called(world: World, service: VirtualService) -> tuple[Called, ...]:
    """The ports of whatever provides it; none where nothing does."""
    match app_mesh.provider(world, service):
        case VirtualNode() as node:
            return tuple(
                _called(one.port_mapping, node.arn, partial(_of_node, node, one)) for one in node.spec.listeners or ()
            )
        case VirtualRouter() as router:
            at = (listener.port_mapping for listener in router.spec.listeners or ())
            return tuple(_called(one, router.arn, partial(_of_router, router, one)) for one in at)
        case None:
            return ()


def _called(at: PortMapping, provider: str, routing: Callable[[Part, Client], Routing]) -> Called:
    return Called(at.port, Protocol(at.protocol), provider, routing)


def _of_node(node: VirtualNode, listener: NodeListener, part: Part, client: Client) -> Routing:
    protocol = Protocol(listener.port_mapping.protocol)
    targets = (Target(destination(part, node, listener, client.policy)),)
    policy = timeouts(protocol, None)
    if protocol is Protocol.TCP:
        return StreamSplit(targets, policy, _CONNECT_ATTEMPTS)
    return (Rule(targets, _bounded(policy, client), retry=DEFAULT_RETRY, stat_name=node.name),)


def _of_router(router: VirtualRouter, listener: PortMapping, part: Part, client: Client) -> Routing:
    protocol = Protocol(listener.protocol)
    routes = in_order(route for route in app_mesh.routes(part.world, router.arn) if _is_for(route, listener))
    if protocol is not Protocol.TCP:
        return tuple(_rule(part, route, client) for route in routes)
    first = routes[0] if routes else None
    said = None if first is None or first.spec.tcp_route is None else first.spec.tcp_route.timeout
    targets = () if first is None else _targets(part, first, client)
    return StreamSplit(targets, timeouts(protocol, said), _CONNECT_ATTEMPTS)


def _bounded(policy: TimeoutPolicy, client: Client) -> TimeoutPolicy:
    """With the time that the client itself has."""
    return replace(policy, request=shortest(policy.request, client.request))


def _is_for(route: Route, listener: PortMapping) -> bool:
    return route.spec.port in {None, listener.port} and route.spec.protocol is listener.protocol


def _rule(part: Part, route: Route, client: Client) -> Rule:
    protocol, said = route.spec.one
    assert isinstance(said, HttpRoute | GrpcRoute), "tcp has no rules"  # noqa: S101  (as it says)
    return Rule(
        targets=_targets(part, route, client),
        timeouts=_bounded(timeouts(Protocol(protocol), said.timeout), client),
        match=match_of(said.match),
        retry=retries(said.retry_policy),
        stat_name=route.name,
    )


def _targets(part: Part, route: Route, client: Client) -> tuple[Target, ...]:
    """Who gets it, by weight; none when nobody has any."""
    weights: dict[str, int] = {}
    for wanted in route.spec.targets:
        node = app_mesh.virtual_node(part.world, route.mesh, wanted.virtual_node)
        listener = None if node is None else _listener(node, wanted.port)
        if node is None or listener is None:
            at = "" if wanted.port is None else f" at port {wanted.port}"
            part.report(route.arn, f"its target {wanted.virtual_node}{at} is left out: there is no such listener")
            continue
        if listener.port_mapping.protocol is not route.spec.protocol:
            spoken = f"{wanted.virtual_node} speaks {listener.port_mapping.protocol}, the route {route.spec.protocol}"
            part.report(route.arn, f"its target may not understand it: {spoken}")
        name = destination(part, node, listener, client.policy)
        weights[name] = weights.get(name, 0) + wanted.weight
    return tuple(Target(name, weight) for name, weight in weights.items()) if any(weights.values()) else ()


def _listener(node: VirtualNode, port: int | None) -> NodeListener | None:
    """The node's listener of that port; the first one where none is said."""
    return next((one for one in node.spec.listeners or () if port in {None, one.port_mapping.port}), None)
