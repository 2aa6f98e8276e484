"""Virtual services.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateVirtualService.html
"""

from __future__ import annotations

from moyai.api.appmesh.kind import Requests, ResourceKind, SpecChange
from moyai.api.appmesh.location import absent, in_mesh
from moyai.api.appmesh.requests import InMesh, ListRequest
from moyai.api.appmesh.rules.text import service_name
from moyai.api.tagging import Tag
from moyai.domain.appmesh.errors import Conflict
from moyai.domain.appmesh.names import AppMeshResourceType, name_key
from moyai.domain.appmesh.virtual_service import VirtualService, VirtualServiceSpec
from moyai.domain.queries import app_mesh
from moyai.domain.world import World

_MAX_NAMES = 5  # names in one message


class VirtualServiceRequest(InMesh, frozen=True, kw_only=True):
    """The virtual service that a request names."""

    virtual_service_name: str

    @property
    def name(self) -> str:
        """The virtual service's name."""
        return self.virtual_service_name


class CreateVirtualServiceRequest(VirtualServiceRequest, frozen=True, kw_only=True):
    spec: VirtualServiceSpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateVirtualServiceRequest(VirtualServiceRequest, frozen=True, kw_only=True):
    """Input of UpdateVirtualService: the whole new spec."""

    spec: VirtualServiceSpec
    client_token: str | None = None


def _check_references(change: SpecChange) -> None:
    """Check that the provider exists, and that no other service's name differs by case only: proxies ignore case."""
    spec: VirtualServiceSpec = change.spec
    mesh = change.location.mesh
    if mesh is None:
        return
    if spec.node is not None and app_mesh.virtual_node(change.world, mesh.arn, spec.node) is None:
        raise absent("VirtualNode", spec.node, mesh)
    if spec.router is not None and app_mesh.virtual_router(change.world, mesh.arn, spec.router) is None:
        raise absent("VirtualRouter", spec.router, mesh)
    for other in change.world.virtual_services.each("folded", name_key(mesh.arn, change.name.lower())):
        if other.name != change.name:
            raise Conflict(f"VirtualService {other.name} is there, and proxies tell no capitals from small letters.")


def _in_use(world: World, service: VirtualService) -> str | None:
    key = name_key(service.mesh, service.name)
    routes = sorted(route.name for route in world.gateway_routes.each("service", key))
    if not routes:
        return None
    names = ", ".join(routes[:_MAX_NAMES])
    return f"VirtualService {service.name} is being referenced in the following: GATEWAY_ROUTE: [{names}]"


VIRTUAL_SERVICES = ResourceKind(
    noun="VirtualService",
    plural="VirtualServices",
    arn_kind=AppMeshResourceType.VIRTUAL_SERVICE,
    record=VirtualService,
    table=lambda world: world.virtual_services,
    requests=Requests(VirtualServiceRequest, CreateVirtualServiceRequest, UpdateVirtualServiceRequest, ListRequest),
    location=in_mesh,
    name_faults=service_name,
    check_references=_check_references,
    in_use=_in_use,
    limit=lambda quotas: quotas.virtual_services_per_mesh,
)
"""The kind of virtual services."""
