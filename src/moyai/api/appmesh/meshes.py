"""Meshes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_CreateMesh.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from moyai.api.appmesh.kind import Requests, ResourceKind
from moyai.api.appmesh.location import in_account, in_owner
from moyai.api.appmesh.requests import InMesh, ListMeshesRequest
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.appmesh.mesh import Mesh, MeshSpec
from moyai.domain.queries.sharing import resources_shared_with
from moyai.domain.table import Table
from moyai.domain.world import Change, Put, World


class MeshRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A mesh of the caller's account."""

    mesh_name: str

    @property
    def name(self) -> str:
        """The mesh's name, in the place that resources of other kinds have."""
        return self.mesh_name


class DescribeMeshRequest(InMesh, frozen=True, kw_only=True):
    """A mesh of the caller's account, or one that is shared with it."""

    @property
    def name(self) -> str:
        """The mesh's name, in the place that resources of other kinds have."""
        return self.mesh_name


class CreateMeshRequest(MeshRequest, frozen=True, kw_only=True):
    spec: MeshSpec = MeshSpec()
    client_token: str | None = None
    tags: tuple[Tag, ...] = ()


class UpdateMeshRequest(MeshRequest, frozen=True, kw_only=True):
    """Input of UpdateMesh: the whole new spec."""

    spec: MeshSpec = MeshSpec()
    client_token: str | None = None


def _shared_meshes(ctx: Context) -> Iterable[Mesh]:
    """The meshes of other accounts that the caller may use."""
    meshes = ctx.store.world.meshes
    return (mesh for arn in resources_shared_with(ctx.store.world, ctx.scope) if (mesh := meshes.get(arn)) is not None)


def _in_use(world: World, mesh: Mesh) -> str | None:
    contents: dict[str, Table[Any]] = {
        "VirtualServices": world.virtual_services,
        "VirtualNodes": world.virtual_nodes,
        "VirtualRouters": world.virtual_routers,
        "VirtualGateways": world.virtual_gateways,
    }
    for plural, table in contents.items():
        if table.count("mesh", mesh.arn):
            return (
                f"Mesh {mesh.name} for account {mesh.mesh_owner} has active {plural}, "
                f"please delete {plural} before deleting the Mesh"
            )
    return None


def _removed_from_shares(world: World, mesh: Mesh) -> Iterable[Change]:
    """The changes that remove a deleted mesh from all resource shares."""
    return [Put(share.without({mesh.arn})) for share in world.resource_shares.each("resource", mesh.arn)]


MESHES = ResourceKind(
    noun="Mesh",
    plural="Meshes",
    arn_kind=None,
    record=Mesh,
    table=lambda world: world.meshes,
    requests=Requests(MeshRequest, CreateMeshRequest, UpdateMeshRequest, ListMeshesRequest, DescribeMeshRequest),
    location=in_account,
    describe_location=in_owner,
    in_use=_in_use,
    cascade=_removed_from_shares,
    shared=_shared_meshes,
    limit=lambda quotas: quotas.meshes,
)
"""The kind of meshes."""
