"""Virtual gateways.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateVirtualGateway.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.appmesh.kind import Requests, ResourceKind, SpecChange
from moyai.api.appmesh.location import in_mesh
from moyai.api.appmesh.owned_references import check_owned_references
from moyai.api.appmesh.requests import InMesh, ListRequest
from moyai.api.appmesh.rules.access_log import logging
from moyai.api.appmesh.rules.listeners import listeners, with_health_check_ports
from moyai.api.appmesh.rules.text import Faults
from moyai.api.appmesh.rules.tls import backend_defaults
from moyai.api.tagging import Tag
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.names import AppMeshResourceType
from moyai.domain.appmesh.virtual_gateway import VirtualGateway, VirtualGatewaySpec
from moyai.domain.queries import app_mesh
from moyai.domain.world import World

_MAX_NAMES = 5  # names in one message


class VirtualGatewayRequest(InMesh, frozen=True, kw_only=True):
    """The virtual gateway that a request names."""

    virtual_gateway_name: str

    @property
    def name(self) -> str:
        """The virtual gateway's name."""
        return self.virtual_gateway_name


class CreateVirtualGatewayRequest(VirtualGatewayRequest, frozen=True, kw_only=True):
    spec: VirtualGatewaySpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateVirtualGatewayRequest(VirtualGatewayRequest, frozen=True, kw_only=True):
    """Input of UpdateVirtualGateway: the whole new spec."""

    spec: VirtualGatewaySpec
    client_token: str | None = None


def _faults(where: str, spec: VirtualGatewaySpec) -> Faults:
    if not spec.listeners:
        yield f"{where}.listeners: a virtual gateway must have a listener."
    yield from listeners(f"{where}.listeners", spec.listeners)
    yield from backend_defaults(f"{where}.backendDefaults", spec.backend_defaults)
    yield from logging(f"{where}.logging", spec.logging)


def _check_references(change: SpecChange) -> None:
    """Check that all of a gateway's routes name a port before it gets several listeners."""
    spec: VirtualGatewaySpec = change.spec
    mesh = change.location.mesh
    gateway = None if mesh is None else app_mesh.virtual_gateway(change.world, mesh.arn, change.name)
    if gateway is not None and len(spec.listeners) > 1:
        portless = [
            route.name for route in app_mesh.gateway_routes(change.world, gateway.arn) if route.spec.port is None
        ]
        if portless:
            raise BadRequest(
                "All GatewayRoutes for this Virtual Gateway must define a port match before adding multiple listeners "
                f"to this Virtual Gateway. {len(portless)} GatewayRoute(s) are missing port. Listing up to "
                f"{_MAX_NAMES} gateway route names: [{', '.join(portless[:_MAX_NAMES])}]"
            )
    check_owned_references(change.owner, spec)


def _in_use(world: World, gateway: VirtualGateway) -> str | None:
    if world.gateway_routes.count("gateway", gateway.arn):
        return f"VirtualGateway with name {gateway.name} cannot be deleted because it has active GatewayRoutes"
    return None


def _with_defaults(spec: VirtualGatewaySpec) -> VirtualGatewaySpec:
    return replace(spec, listeners=tuple(with_health_check_ports(spec.listeners)))


VIRTUAL_GATEWAYS = ResourceKind(
    noun="VirtualGateway",
    plural="VirtualGateways",
    arn_kind=AppMeshResourceType.VIRTUAL_GATEWAY,
    record=VirtualGateway,
    table=lambda world: world.virtual_gateways,
    requests=Requests(VirtualGatewayRequest, CreateVirtualGatewayRequest, UpdateVirtualGatewayRequest, ListRequest),
    location=in_mesh,
    spec_faults=_faults,
    check_references=_check_references,
    with_defaults=_with_defaults,
    in_use=_in_use,
    limit=lambda quotas: quotas.virtual_gateways_per_mesh,
    owners_only=True,
)
"""The kind of virtual gateways."""
