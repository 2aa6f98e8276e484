"""The location of a resource: an account, a mesh, a virtual router or a virtual gateway; and access to it.

Promise: a mesh of another account is visible to the accounts that it is shared with, and to no others: these cannot
even find out whether a mesh of that name exists.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/sharing.html#sharing-permissions
"""

from __future__ import annotations

import msgspec

from moyai.api.appmesh.requests import InGateway, InMesh, InRouter
from moyai.api.operation import Context
from moyai.domain.appmesh.errors import Forbidden, NotFound
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import AppMeshResourceType, mesh_arn, within_mesh
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.keys import scope_key
from moyai.domain.queries import app_mesh
from moyai.domain.queries.sharing import may_use
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import Scope


class Location(msgspec.Struct, frozen=True):
    """A location. ``index`` and ``value`` find the resources in it; their names are unique in ``value``."""

    index: str
    value: str
    scope: Scope
    """The mesh's account and region."""
    mesh: Mesh | None = None
    parent: VirtualRouter | VirtualGateway | None = None

    def arn(self, owner: AccountId, kind: AppMeshResourceType | None, name: str) -> str:
        """The ARN of a resource of ``owner`` here; a ``kind`` of None is a mesh."""
        if self.mesh is None or kind is None:
            return mesh_arn(self.scope, name)
        parents = () if self.parent is None else (_kind_of(self.parent), self.parent.name)
        return within_mesh(self.mesh.arn, owner, *parents, kind, name)

    def fields(self) -> dict[str, str]:
        """The fields of a record that say where it is."""
        fields: dict[str, str] = {} if self.mesh is None else {"mesh": self.mesh.arn}
        return fields if self.parent is None else {**fields, self.index: self.value}

    def check_open_to(self, account: AccountId) -> None:
        """Raises Forbidden unless the account may create resources here: only the owners of a router and of its mesh
        do.
        """
        if self.parent is not None and account not in {self.parent.resource_owner, self.scope.account}:
            raise Forbidden(f"{self.parent.arn} is another account's: you may use it, and can't add to it.")


def in_account(ctx: Context, _: object) -> Location:
    """The caller's own account, for meshes."""
    return Location("scope", scope_key(ctx.scope), ctx.scope)


def in_owner(ctx: Context, request: InMesh) -> Location:
    """The account of the mesh that the request names. Raises Forbidden."""
    owner = _owner(ctx, request)
    mesh_of(ctx, request)
    return Location("scope", scope_key(owner), owner)


def in_mesh(ctx: Context, request: InMesh) -> Location:
    """The mesh that the request names. Raises NotFound or Forbidden."""
    mesh = mesh_of(ctx, request)
    return Location("mesh", mesh.arn, _owner(ctx, request), mesh)


def in_router(ctx: Context, request: InRouter) -> Location:
    """The virtual router that the request names. Raises NotFound or Forbidden."""
    mesh = mesh_of(ctx, request)
    router = app_mesh.virtual_router(ctx.store.world, mesh.arn, request.virtual_router_name)
    if router is None:
        raise absent("VirtualRouter", request.virtual_router_name, mesh)
    return Location("router", router.arn, _owner(ctx, request), mesh, router)


def in_gateway(ctx: Context, request: InGateway) -> Location:
    """The virtual gateway that the request names. Raises NotFound or Forbidden."""
    mesh = mesh_of(ctx, request)
    gateway = app_mesh.virtual_gateway(ctx.store.world, mesh.arn, request.virtual_gateway_name)
    if gateway is None:
        raise absent("VirtualGateway", request.virtual_gateway_name, mesh)
    return Location("gateway", gateway.arn, _owner(ctx, request), mesh, gateway)


def mesh_of(ctx: Context, request: InMesh) -> Mesh:
    """The mesh that a request names. Raises NotFound or Forbidden."""
    owner = _owner(ctx, request)
    arn = mesh_arn(owner, request.mesh_name)
    mesh = ctx.store.world.meshes.get(arn)
    if owner != ctx.scope and (mesh is None or not may_use(ctx.store.world, ctx.scope, arn)):
        raise Forbidden(f"User: {ctx.principal} is not authorized to use the mesh {arn[:300]}: it is not shared.")
    if mesh is None:
        raise NotFound(f"Mesh with name {request.mesh_name} is not present for account {owner.account}")
    return mesh


def absent(noun: str, name: str, mesh: Mesh) -> NotFound:
    """The error for a resource that the mesh does not have."""
    return NotFound(f"{noun} with name {name} is not present under mesh {mesh.name} for account {mesh.mesh_owner}")


def _owner(ctx: Context, request: InMesh) -> Scope:
    return ctx.scope if request.mesh_owner is None else Scope(AccountId(request.mesh_owner), ctx.scope.region)


def _kind_of(parent: VirtualRouter | VirtualGateway) -> AppMeshResourceType:
    return (
        AppMeshResourceType.VIRTUAL_ROUTER if isinstance(parent, VirtualRouter) else AppMeshResourceType.VIRTUAL_GATEWAY
    )
