"""The identity of a task's App Mesh proxy, which is recorded when the task is created.

Promise: it names a virtual node or a virtual gateway of one mesh, which need not exist, so that tasks and the resources
that they represent can be created in any order.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html#envoy-required-config
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.names import AppMeshResourceType, mesh_arn, read_proxy_name
from moyai.kernel.ids import MeshArn
from moyai.kernel.scope import Scope


class Identity(msgspec.Struct, frozen=True):
    """The resource that a proxy represents. ``node_id``: as the proxy's environment gives it."""

    node_id: str = msgspec.field(name="said")
    mesh: MeshArn
    kind: AppMeshResourceType
    name: str

    @property
    def index_values(self) -> tuple[str, str]:
        """The values of the index ``mesh``: the mesh, and the resource in it."""
        return self.mesh, resource_key(self.mesh, self.kind, self.name)

    @property
    def text(self) -> str:
        """The identity in words, for messages."""
        kind = "virtual gateway" if self.kind is AppMeshResourceType.VIRTUAL_GATEWAY else "virtual node"
        return f"the {kind} {self.name} of the mesh {self.mesh}"


def resource_key(mesh: MeshArn, kind: AppMeshResourceType, name: str) -> str:
    """The value of the index ``mesh`` for tasks that represent one resource of the mesh."""
    return f"{mesh} {kind}/{name}"


def identity_of(node_id: str, scope: Scope) -> Identity | None:
    """The identity that a node id names for a task of this account and region; None for any other text."""
    name = read_proxy_name(node_id)
    if name is None:
        return None
    owner = Scope(name.mesh_owner or scope.account, name.region or scope.region)
    return Identity(node_id, mesh_arn(owner, name.mesh), name.kind, name.name)
