"""Builds and parses App Mesh's ARNs, and the names by which proxies request their configuration.

Promise: every form that the App Mesh agent accepted is parsed: ``mesh/M/virtualNode/N``,
``mesh/M/virtualGateway/G`` and the full ARN, each with ``M@<account of the mesh>`` too.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html, sharing.html#sharing-identify
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.keys import scope_of
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.ids import AccountId, MeshArn, Region
from moyai.kernel.scope import Scope, is_account

SERVICE: Final = "appmesh"
_OWNER_SEPARATOR: Final = "@"
_PARTS: Final = 4


class AppMeshResourceType(StrEnum):
    """The types of resources in a mesh, as ARNs have them."""

    VIRTUAL_NODE = "virtualNode"
    VIRTUAL_SERVICE = "virtualService"
    VIRTUAL_ROUTER = "virtualRouter"
    ROUTE = "route"
    VIRTUAL_GATEWAY = "virtualGateway"
    GATEWAY_ROUTE = "gatewayRoute"


class ProxyName(msgspec.Struct, frozen=True):
    """The virtual node or virtual gateway that a proxy claims to represent."""

    mesh: str
    kind: AppMeshResourceType
    name: str
    mesh_owner: AccountId | None = None
    """None means the proxy's own account."""
    region: Region | None = None
    """None means the proxy's own region."""


def name_key(parent: str, name: str) -> str:
    """A name as the value of an index; ``parent``: the ARN, or the ``scope_key``, in which the name is unique."""
    return f"{parent} {name}"


def service_name(identifier: str) -> str:
    """A virtual service's name, from its name or its ARN."""
    parsed = parse_arn(identifier)
    return identifier if parsed is None else parsed.resource.rpartition("/")[2]


def mesh_arn(scope: Scope, name: str) -> MeshArn:
    """The ARN of a mesh."""
    return MeshArn(arn(SERVICE, scope, f"mesh/{name}"))


def mesh_name(mesh: MeshArn) -> str:
    """The name in a mesh's ARN."""
    return mesh.rpartition("/")[2]


def within_mesh(mesh: MeshArn, owner: AccountId, *path: str) -> str:
    """The ARN of a resource in a mesh that belongs to ``owner``; ``path``: its type and name, after its parent's."""
    scope = scope_of(mesh)
    segment = mesh_name(mesh) if owner == scope.account else f"{mesh_name(mesh)}{_OWNER_SEPARATOR}{scope.account}"
    return arn(SERVICE, Scope(owner, scope.region), "/".join(("mesh", segment, *path)))


def read_service_arn(text: str) -> tuple[MeshArn, str] | None:
    """The mesh and the name in the ARN of a virtual service; None for any other text."""
    parsed = parse_arn(text)
    if parsed is None or parsed.service != SERVICE or parsed.kind != "mesh" or len(parsed.path) != _PARTS - 1:
        return None
    mesh, kind, name = parsed.path
    if kind != AppMeshResourceType.VIRTUAL_SERVICE or not name:
        return None
    name_of_mesh, _, owner = mesh.partition(_OWNER_SEPARATOR)
    scope = Scope(AccountId(owner or parsed.scope.account), parsed.scope.region)
    return mesh_arn(scope, name_of_mesh), name


def read_proxy_name(text: str) -> ProxyName | None:
    """Parse the name that a proxy gives in its node id; None for any other text."""
    parsed = parse_arn(text)
    if text.startswith("arn:") and (parsed is None or parsed.service != SERVICE):
        return None
    parts = (text if parsed is None else parsed.resource).split("/")
    if len(parts) != _PARTS or parts[0] != "mesh" or not all(parts):
        return None
    if parts[2] not in {AppMeshResourceType.VIRTUAL_NODE, AppMeshResourceType.VIRTUAL_GATEWAY}:
        return None
    name, separator, owner = parts[1].partition(_OWNER_SEPARATOR)
    if not name or (separator and not is_account(owner)):
        return None
    scope = None if parsed is None else parsed.scope
    mesh_owner = AccountId(owner) if separator else None if scope is None else scope.account
    return ProxyName(name, AppMeshResourceType(parts[2]), parts[3], mesh_owner, None if scope is None else scope.region)
