"""Where a resource is: in an account, a mesh, a virtual router or a virtual gateway; and who may be there.

Promise: a mesh of another account is there for those with whom it is shared, and for nobody else: whether there is one
of that name, nobody else is told.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/sharing.html#sharing-permissions
"""

from __future__ import annotations

import msgspec

from moyai.api.appmesh.requests import InGateway, InMesh, InRouter
from moyai.api.operation import Context
from moyai.domain.appmesh.errors import Forbidden, NotFound
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import Kind, mesh_arn, within_mesh
from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_router import VirtualRouter
from moyai.domain.keys import scope_key
from moyai.domain.queries import app_mesh
from moyai.domain.queries.sharing import may_use
from moyai.kernel.ids import AccountId
from moyai.kernel.scope import Scope


class Place(msgspec.Struct, frozen=True):
    """``index`` and ``value`` find all that is there in its table; names are unique in ``value``."""

    index: str
    value: str
    scope: Scope
    """Of the mesh."""
    mesh: Mesh | None = None
    parent: VirtualRouter | VirtualGateway | None = None

    def arn(self, owner: AccountId, kind: Kind | None, name: str) -> str:
        """The ARN of what ``owner`` has there; ``kind``: None is a mesh."""
        if self.mesh is None or kind is None:
            return mesh_arn(self.scope, name)
        above = () if self.parent is None else (_kind_of(self.parent), self.parent.name)
        return within_mesh(self.mesh.arn, owner, *above, kind, name)

    def fields(self) -> dict[str, str]:
        """The fields of a record that say where it is."""
        found: dict[str, str] = {} if self.mesh is None else {"mesh": self.mesh.arn}
        return found if self.parent is None else {**found, self.index: self.value}

    def check_open_to(self, account: AccountId) -> None:
        """Raise Forbidden unless the account may put something there: nobody changes what another's router does."""
        if self.parent is not None and account not in {self.parent.resource_owner, self.scope.account}:
            raise Forbidden(f"{self.parent.arn} is another account's: you may use it, and can't add to it.")


def in_account(ctx: Context, _: object) -> Place:
    """The caller's own account, for meshes."""
    return Place("scope", scope_key(ctx.scope), ctx.scope)


def in_owner(ctx: Context, request: InMesh) -> Place:
    """The account whose mesh is asked for. Raises Forbidden."""
    owner = _owner(ctx, request)
    mesh_of(ctx, request)
    return Place("scope", scope_key(owner), owner)


def in_mesh(ctx: Context, request: InMesh) -> Place:
    """A mesh. Raises NotFound or Forbidden."""
    mesh = mesh_of(ctx, request)
    return Place("mesh", mesh.arn, _owner(ctx, request), mesh)


def in_router(ctx: Context, request: InRouter) -> Place:
    """A virtual router. Raises NotFound or Forbidden."""
    mesh = mesh_of(ctx, request)
    found = app_mesh.virtual_router(ctx.store.world, mesh.arn, request.virtual_router_name)
    if found is None:
        raise absent("VirtualRouter", request.virtual_router_name, mesh)
    return Place("router", found.arn, _owner(ctx, request), mesh, found)


def in_gateway(ctx: Context, request: InGateway) -> Place:
    """A virtual gateway. Raises NotFound or Forbidden."""
    mesh = mesh_of(ctx, request)
    found = app_mesh.virtual_gateway(ctx.store.world, mesh.arn, request.virtual_gateway_name)
    if found is None:
        raise absent("VirtualGateway", request.virtual_gateway_name, mesh)
    return Place("gateway", found.arn, _owner(ctx, request), mesh, found)


def mesh_of(ctx: Context, request: InMesh) -> Mesh:
    """The mesh that a request names. Raises NotFound or Forbidden."""
    owner = _owner(ctx, request)
    arn = mesh_arn(owner, request.mesh_name)
    found = ctx.store.world.meshes.get(arn)
    if owner != ctx.scope and (found is None or not may_use(ctx.store.world, ctx.scope, arn)):
        raise Forbidden(f"User: {ctx.principal} is not authorized to use the mesh {arn[:300]}: it is not shared.")
    if found is None:
        raise NotFound(f"Mesh with name {request.mesh_name} is not present for account {owner.account}")
    return found


def absent(noun: str, name: str, mesh: Mesh) -> NotFound:
    """The error for a resource that the mesh does not have."""
    return NotFound(f"{noun} with name {name} is not present under mesh {mesh.name} for account {mesh.mesh_owner}")


def _owner(ctx: Context, request: InMesh) -> Scope:
    return ctx.scope if request.mesh_owner is None else Scope(AccountId(request.mesh_owner), ctx.scope.region)


def _kind_of(parent: VirtualRouter | VirtualGateway) -> Kind:
    return Kind.VIRTUAL_ROUTER if isinstance(parent, VirtualRouter) else Kind.VIRTUAL_GATEWAY
