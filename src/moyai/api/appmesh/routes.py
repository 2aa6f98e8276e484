"""Routes of virtual routers.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateRoute.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.appmesh.kind import Requests, ResourceKind, SpecChange
from moyai.api.appmesh.listener_ports import check_port, check_protocol
from moyai.api.appmesh.location import absent, in_router
from moyai.api.appmesh.requests import InRouter, ListRoutesRequest
from moyai.api.appmesh.rules.matches import check_priority, grpc_match, http_match
from moyai.api.appmesh.rules.text import Faults
from moyai.api.appmesh.rules.timeouts import retries, timeout
from moyai.api.tagging import Tag
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.names import AppMeshResourceType
from moyai.domain.appmesh.virtual_router import (
    AppMeshRoute,
    GrpcRoute,
    HttpRoute,
    RouteSpec,
    TcpRoute,
    VirtualRouter,
    WeightedTarget,
)
from moyai.domain.queries import app_mesh

_GREATEST_TOTAL: Final = 100
"""The greatest sum of the weights of a route's targets."""


class RouteRequest(InRouter, frozen=True, kw_only=True):
    """The route that a request names."""

    route_name: str

    @property
    def name(self) -> str:
        """The route's name, in the place that resources of other kinds have."""
        return self.route_name


class CreateRouteRequest(RouteRequest, frozen=True, kw_only=True):
    spec: RouteSpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateRouteRequest(RouteRequest, frozen=True, kw_only=True):
    """Input of UpdateRoute: the whole new spec."""

    spec: RouteSpec
    client_token: str | None = None


def _faults(where: str, spec: RouteSpec) -> Faults:
    if len(spec.members) != 1:
        yield f"{where}: exactly one of httpRoute, http2Route, grpcRoute and tcpRoute must be set."
    for protocol, route in spec.members.items():
        yield from _route(f"{where}.{protocol}Route", route)


def _route(where: str, route: HttpRoute | GrpcRoute | TcpRoute) -> Faults:
    if isinstance(route, HttpRoute):
        yield from http_match(f"{where}.match", route.match)
    elif isinstance(route, GrpcRoute):
        yield from grpc_match(f"{where}.match", route.match)
    yield from _weights(f"{where}.action.weightedTargets", route.action.weighted_targets)
    yield from timeout(f"{where}.timeout", route.timeout)
    if not isinstance(route, TcpRoute):
        yield from retries(f"{where}.retryPolicy", route.retry_policy)


def _weights(where: str, targets: tuple[WeightedTarget, ...]) -> Faults:
    total = sum(target.weight for target in targets)
    if total > _GREATEST_TOTAL:
        yield f"{where}: the weights make {total}, and {_GREATEST_TOTAL} is the most."
    if not total:
        yield f"{where}: one of the weights must be greater than 0."
    seen_targets: set[tuple[str, int | None]] = set()
    for place, target in enumerate(targets):
        if (target.virtual_node, target.port) in seen_targets:
            yield f"{where}[{place}].virtualNode: {target.virtual_node[:100]} is there twice."
        seen_targets.add((target.virtual_node, target.port))


def _check_references(change: SpecChange) -> None:
    """Check that the router's listener exists and has the route's protocol, and that the targets exist."""
    spec: RouteSpec = change.spec
    mesh, router = change.location.mesh, change.location.parent
    if mesh is None or not isinstance(router, VirtualRouter):
        return
    member, listeners = f"spec.{spec.protocol}Route", router.spec.listeners or ()
    if spec.port is None and len(listeners) > 1:
        raise BadRequest("Route must define a port match criteria if the Virtual Router has multiple listeners")
    check_port(f"{member}.match.port", f"VirtualRouter {router.name}", listeners, spec.port)
    check_protocol(member, f"VirtualRouter {router.name}", listeners, spec.port, spec.protocol)
    check_priority(change.name, spec, app_mesh.routes(change.world, router.arn))
    for place, target in enumerate(spec.targets):
        node = app_mesh.virtual_node(change.world, mesh.arn, target.virtual_node)
        if node is None:
            raise absent("VirtualNode", target.virtual_node, mesh)
        where = f"{member}.action.weightedTargets[{place}].port"
        check_port(where, f"VirtualNode {node.name}", node.spec.listeners or (), target.port)


ROUTES = ResourceKind(
    noun="Route",
    plural="Routes",
    arn_kind=AppMeshResourceType.ROUTE,
    record=AppMeshRoute,
    table=lambda world: world.routes,
    requests=Requests(RouteRequest, CreateRouteRequest, UpdateRouteRequest, ListRoutesRequest),
    location=in_router,
    spec_faults=_faults,
    check_references=_check_references,
    limit=lambda quotas: quotas.routes_per_virtual_router,
)
"""The kind of routes."""
