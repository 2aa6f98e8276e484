"""Virtual routers.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateVirtualRouter.html
"""

from __future__ import annotations

from moyai.api.appmesh.kind import Case, Kind, Requests
from moyai.api.appmesh.place import in_mesh
from moyai.api.appmesh.requests import InMesh, ListRequest
from moyai.api.appmesh.rules.listeners import listeners
from moyai.api.appmesh.rules.text import Faults
from moyai.api.tagging import Tag
from moyai.domain.appmesh.errors import BadRequest
from moyai.domain.appmesh.names import Kind as Word
from moyai.domain.appmesh.names import name_key
from moyai.domain.appmesh.virtual_router import VirtualRouter, VirtualRouterSpec
from moyai.domain.queries import app_mesh
from moyai.domain.world import World

_SHOWN = 5  # names in one message


class VirtualRouterRequest(InMesh, frozen=True, kw_only=True):
    """The virtual router that a request names."""

    virtual_router_name: str

    @property
    def name(self) -> str:
        """The virtual router's name."""
        return self.virtual_router_name


class CreateVirtualRouterRequest(VirtualRouterRequest, frozen=True, kw_only=True):
    """Input of CreateVirtualRouter."""

    spec: VirtualRouterSpec
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateVirtualRouterRequest(VirtualRouterRequest, frozen=True, kw_only=True):
    """Input of UpdateVirtualRouter: the whole new spec."""

    spec: VirtualRouterSpec
    client_token: str | None = None


def _faults(where: str, spec: VirtualRouterSpec) -> Faults:
    return listeners(f"{where}.listeners", spec.listeners or ())


def _refer(case: Case) -> None:
    """Before a router has several listeners, each of its routes says which it is for."""
    mesh = case.place.mesh
    router = None if mesh is None else app_mesh.virtual_router(case.world, mesh.arn, case.name)
    if router is None or len(case.spec.listeners or ()) <= 1:
        return
    vague = [route.name for route in app_mesh.routes(case.world, router.arn) if route.spec.port is None]
    if vague:
        raise BadRequest(
            "All Routes for this Virtual Router must define a port match before adding multiple listeners to this "
            f"Virtual Router. {len(vague)} Route(s) are missing port. Listing up to {_SHOWN} route names: "
            f"[{', '.join(vague[:_SHOWN])}]"
        )


def _in_use(world: World, router: VirtualRouter) -> str | None:
    if world.virtual_services.count("router", name_key(router.mesh, router.name)):
        return f"VirtualRouter with name {router.name} cannot be deleted because it is a VirtualService provider"
    if world.routes.count("router", router.arn):
        return f"VirtualRouter with name {router.name} cannot be deleted because it has active Routes"
    return None


VIRTUAL_ROUTERS = Kind(
    noun="VirtualRouter",
    plural="VirtualRouters",
    word=Word.VIRTUAL_ROUTER,
    record=VirtualRouter,
    table=lambda world: world.virtual_routers,
    requests=Requests(VirtualRouterRequest, CreateVirtualRouterRequest, UpdateVirtualRouterRequest, ListRequest),
    place=in_mesh,
    faults=_faults,
    refer=_refer,
    in_use=_in_use,
    limit=lambda quotas: quotas.virtual_routers_per_mesh,
)
"""Everything about virtual routers."""
