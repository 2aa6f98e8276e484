"""For whom a task's App Mesh proxy stands, as the task was told when it was made.

Promise: a virtual node or a virtual gateway of one mesh, whether it is there or not, so that tasks and what they stand
for can be made in any order.
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-config.html#envoy-required-config
"""

from __future__ import annotations

import msgspec

from moyai.domain.appmesh.names import AppMeshResourceType, mesh_arn, read_proxy_name
from moyai.kernel.ids import MeshArn
from moyai.kernel.scope import Scope


class Identity(msgspec.Struct, frozen=True):
    """``said``: the proxy's node id, in the form that was chosen."""

    said: str
    mesh: MeshArn
    kind: AppMeshResourceType
    name: str

    @property
    def found_by(self) -> tuple[str, str]:
        """The mesh, and what it is in that, as values of an index."""
        return self.mesh, standing_key(self.mesh, self.kind, self.name)

    @property
    def shown(self) -> str:
        """It, for people."""
        kind = "virtual gateway" if self.kind is AppMeshResourceType.VIRTUAL_GATEWAY else "virtual node"
        return f"the {kind} {self.name} of the mesh {self.mesh}"


def standing_key(mesh: MeshArn, kind: AppMeshResourceType, name: str) -> str:
    """How the index ``mesh`` of tasks calls those that stand for one thing in it."""
    return f"{mesh} {kind}/{name}"


def identity_of(said: str, of: Scope) -> Identity | None:
    """What a node id means to a task of this account and region; None when it is of no form that there is."""
    name = read_proxy_name(said)
    if name is None:
        return None
    owner = Scope(name.mesh_owner or of.account, name.region or of.region)
    return Identity(said, mesh_arn(owner, name.mesh), name.kind, name.name)
