"""Meshes, which contain all other resources of App Mesh.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_MeshSpec.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from moyai.domain.appmesh.discovery import IpPreference
from moyai.domain.appmesh.resource import AppMeshResource
from moyai.kernel.ids import MeshArn


class EgressFilterType(StrEnum):
    """Whether proxies allow traffic to destinations outside the mesh."""

    ALLOW_ALL = "ALLOW_ALL"
    DROP_ALL = "DROP_ALL"


class EgressFilter(msgspec.Struct, frozen=True):
    """The filter of traffic to destinations outside the mesh."""

    type: EgressFilterType


class MeshServiceDiscovery(msgspec.Struct, frozen=True):
    """The default for virtual nodes, and the setting of gateways."""

    ip_preference: IpPreference | None = None


class MeshSpec(msgspec.Struct, frozen=True):
    """The specification of a mesh. ``egress_filter``: None is DROP_ALL."""

    egress_filter: EgressFilter | None = None
    service_discovery: MeshServiceDiscovery | None = None

    @property
    def allows_all(self) -> bool:
        """Whether proxies allow traffic to destinations outside the mesh."""
        return self.egress_filter is not None and self.egress_filter.type is EgressFilterType.ALLOW_ALL

    @property
    def ip_preference(self) -> IpPreference | None:
        """The preference of gateways, and of virtual nodes without their own."""
        return None if self.service_discovery is None else self.service_discovery.ip_preference


class Mesh(AppMeshResource, frozen=True, kw_only=True, tag="mesh"):
    """An App Mesh mesh."""

    arn: MeshArn
    spec: MeshSpec = MeshSpec()
