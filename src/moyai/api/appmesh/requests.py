"""Members that the requests of several kinds of resources share.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

import msgspec


class InMesh(msgspec.Struct, frozen=True, kw_only=True):
    """A resource in a mesh. ``mesh_owner`` defaults to the caller's account."""

    mesh_name: str
    mesh_owner: str | None = None


class InRouter(InMesh, frozen=True, kw_only=True):
    """A resource in a virtual router."""

    virtual_router_name: str


class InGateway(InMesh, frozen=True, kw_only=True):
    """A resource in a virtual gateway."""

    virtual_gateway_name: str


class ListMeshesRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A page of meshes."""

    limit: int | None = None
    next_token: str | None = None


class ListRequest(InMesh, frozen=True, kw_only=True):
    """A page of the resources of one kind in a mesh."""

    limit: int | None = None
    next_token: str | None = None


class ListRoutesRequest(InRouter, frozen=True, kw_only=True):
    """A page of a virtual router's routes."""

    limit: int | None = None
    next_token: str | None = None


class ListGatewayRoutesRequest(InGateway, frozen=True, kw_only=True):
    """A page of a virtual gateway's routes."""

    limit: int | None = None
    next_token: str | None = None
