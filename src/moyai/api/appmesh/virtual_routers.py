"""Virtual routers.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateVirtualRouter.html
"""

from __future__ import annotations

from moyai.api.appmesh.kind import Requests, ResourceKind, SpecChange
from moyai.api.appmesh.location import in_mesh
from moyai.api.appmesh.requests import InMesh, ListRequest
from moyai.api.appmesh.rules.listeners import listeners
from moyai.api.appmesh.rules.text import Faults
from moyai.api.tagging import Tag
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.names import AppMeshResourceType, name_key
from moyai.domain.appmesh.virtual_router import VirtualRouter, VirtualRouterSpec
from moyai.domain.queries import app_mesh
from moyai.domain.world import World

_MAX_NAMES = 5  # names in one message


class VirtualRouterRequest(InMesh, frozen=True, kw_only=True):
    """The virtual router that a request names."""

    virtual_router_name: str

    @property
    def name(self) -> str:
        """The virtual router's name."""
        return self.virtual_router_name


class CreateVirtualRouterRequest(VirtualRouterRequest, frozen=True, kw_only=True):
    spec: VirtualRouterSpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateVirtualRouterRequest(VirtualRouterRequest, frozen=True, kw_only=True):
    """Input of UpdateVirtualRouter: the whole new spec."""

    spec: VirtualRouterSpec
    client_token: str | None = None


def _faults(where: str, spec: VirtualRouterSpec) -> Faults:
    return listeners(f"{where}.listeners", spec.listeners or ())


def _check_references(change: SpecChange) -> None:
    """Check that all of a router's routes name a port before it gets several listeners."""
    mesh = change.location.mesh
    router = None if mesh is None else app_mesh.virtual_router(change.world, mesh.arn, change.name)
    if router is None or len(change.spec.listeners or ()) <= 1:
        return
    portless = [route.name for route in app_mesh.routes(change.world, router.arn) if route.spec.port is None]
    if portless:
        raise BadRequest(
            "All Routes for this Virtual Router must define a port match before adding multiple listeners to this "
            f"Virtual Router. {len(portless)} Route(s) are missing port. Listing up to {_MAX_NAMES} route names: "
            f"[{', '.join(portless[:_MAX_NAMES])}]"
        )


def _in_use(world: World, router: VirtualRouter) -> str | None:
    if world.virtual_services.count("router", name_key(router.mesh, router.name)):
        return f"VirtualRouter with name {router.name} cannot be deleted because it is a VirtualService provider"
    if world.routes.count("router", router.arn):
        return f"VirtualRouter with name {router.name} cannot be deleted because it has active Routes"
    return None


VIRTUAL_ROUTERS = ResourceKind(
    noun="VirtualRouter",
    plural="VirtualRouters",
    arn_kind=AppMeshResourceType.VIRTUAL_ROUTER,
    record=VirtualRouter,
    table=lambda world: world.virtual_routers,
    requests=Requests(VirtualRouterRequest, CreateVirtualRouterRequest, UpdateVirtualRouterRequest, ListRequest),
    location=in_mesh,
    spec_faults=_faults,
    check_references=_check_references,
    in_use=_in_use,
    limit=lambda quotas: quotas.virtual_routers_per_mesh,
)
"""The kind of virtual routers."""
