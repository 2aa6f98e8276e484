"""The common members of App Mesh's resources.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ResourceMetadata.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, MeshArn


class ClientRequest(msgspec.Struct, frozen=True):
    """A request with a client token that created or updated the resource."""

    name: str
    """``account/region/operation/token``."""
    fingerprint: str
    """The digest of the whole request, which distinguishes a retry from another request with the same token."""
    at: Instant


class AppMeshResource(ArnRecord, frozen=True, kw_only=True):
    """A resource. ``version`` is 1 at first and grows with each update."""

    arn: str
    name: str
    uid: str
    version: int = 1
    created_at: Instant
    last_updated_at: Instant
    mesh_owner: AccountId
    resource_owner: AccountId
    tags: Mapping[str, str] = {}
    calls: tuple[ClientRequest, ...] = ()
    """The newest last."""


class MeshResource(AppMeshResource, frozen=True, kw_only=True):
    """A resource in a mesh. Its name is unique there among its type; a route's in its router or gateway."""

    mesh: MeshArn
