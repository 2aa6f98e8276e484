"""What all seven kinds of App Mesh's resources have alike.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_ResourceMetadata.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, MeshArn


class ClientRequest(msgspec.Struct, frozen=True):
    """A request that came with a client token and made the resource what it is, or was."""

    name: str
    """``account/region/operation/token``."""
    fingerprint: str
    """Of the whole request, to tell a retry from another request under the same token."""
    at: Instant


class AppMeshResource(ArnRecord, frozen=True, kw_only=True):
    """``version`` is 1 at first and grows with each update."""

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
    """Anything inside of a mesh. Its name is unique there among its kind, a route's in its router or gateway."""

    mesh: MeshArn
