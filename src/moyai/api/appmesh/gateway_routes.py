"""Routes of virtual gateways.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateGatewayRoute.html
"""

from __future__ import annotations

from moyai.api.appmesh.kind import Requests, ResourceKind, SpecChange
from moyai.api.appmesh.listener_ports import check_port, check_protocol
from moyai.api.appmesh.location import absent, in_gateway
from moyai.api.appmesh.requests import InGateway, ListGatewayRoutesRequest
from moyai.api.appmesh.rules.matches import check_priority, grpc_gateway_match, http_gateway_match, rewrites
from moyai.api.appmesh.rules.text import Faults
from moyai.api.tagging import Tag
from moyai.domain.appmesh.names import AppMeshResourceType
from moyai.domain.appmesh.virtual_gateway import GatewayRoute, GatewayRouteSpec, HttpGatewayRoute, VirtualGateway
from moyai.domain.queries import app_mesh


class GatewayRouteRequest(InGateway, frozen=True, kw_only=True):
    """The gateway route that a request names."""

    gateway_route_name: str

    @property
    def name(self) -> str:
        """The gateway route's name."""
        return self.gateway_route_name


class CreateGatewayRouteRequest(GatewayRouteRequest, frozen=True, kw_only=True):
    spec: GatewayRouteSpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateGatewayRouteRequest(GatewayRouteRequest, frozen=True, kw_only=True):
    """Input of UpdateGatewayRoute: the whole new spec."""

    spec: GatewayRouteSpec
    client_token: str | None = None


def _faults(where: str, spec: GatewayRouteSpec) -> Faults:
    if len(spec.members) != 1:
        yield f"{where}: exactly one of httpRoute, http2Route and grpcRoute must be set."
    for protocol, route in spec.members.items():
        member = f"{where}.{protocol}Route"
        if isinstance(route, HttpGatewayRoute):
            yield from http_gateway_match(f"{member}.match", route.match)
            yield from rewrites(f"{member}.action.rewrite", route.action.rewrite, route.match)
        else:
            yield from grpc_gateway_match(f"{member}.match", route.match)


def _check_references(change: SpecChange) -> None:
    """Check that the gateway's listener exists and has the route's protocol, and that the target exists."""
    spec: GatewayRouteSpec = change.spec
    mesh, gateway = change.location.mesh, change.location.parent
    if mesh is None or not isinstance(gateway, VirtualGateway):
        return
    member, gateway_label = f"spec.{spec.protocol}Route", f"VirtualGateway {gateway.name}"
    check_port(f"{member}.match.port", gateway_label, gateway.spec.listeners, spec.port)
    check_protocol(member, gateway_label, gateway.spec.listeners, spec.port, spec.protocol)
    check_priority(change.name, spec, app_mesh.gateway_routes(change.world, gateway.arn))
    name = spec.target.virtual_service.virtual_service_name
    service = app_mesh.virtual_service(change.world, mesh.arn, name)
    if service is None or service.name != name:
        raise absent("VirtualService", name, mesh)
    provider = app_mesh.provider(change.world, service)
    if provider is not None:
        where = f"{member}.action.target.port"
        provider_label = f"the provider of VirtualService {service.name}"
        check_port(where, provider_label, provider.spec.listeners or (), spec.target.port)


GATEWAY_ROUTES = ResourceKind(
    noun="GatewayRoute",
    plural="GatewayRoutes",
    arn_kind=AppMeshResourceType.GATEWAY_ROUTE,
    record=GatewayRoute,
    table=lambda world: world.gateway_routes,
    requests=Requests(
        GatewayRouteRequest, CreateGatewayRouteRequest, UpdateGatewayRouteRequest, ListGatewayRoutesRequest
    ),
    location=in_gateway,
    spec_faults=_faults,
    check_references=_check_references,
    limit=lambda quotas: quotas.gateway_routes_per_virtual_gateway,
    owners_only=True,
)
"""The kind of gateway routes."""
