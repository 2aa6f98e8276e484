"""Resolves the node ids of App Mesh's proxies to workloads, and explains why a node id can't be resolved.

Promise: the answer follows the present World. The full explanation names other resources of the mesh, so it is only for
a caller that is authorized for the whole mesh.
"""

from __future__ import annotations

from moyai.domain.appmesh.identity import Identity, identity_of
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import AppMeshResourceType, mesh_name
from moyai.domain.keys import scope_of
from moyai.domain.queries.app_mesh import resource_of_proxy
from moyai.kernel.ids import WorkloadId
from moyai.kernel.scope import Scope
from moyai.ports.store import Store

_MAX_NAMES = 10
"""Names in a message."""
_MAX_QUOTED = 2 * 255


class Directory:
    """The node ids of one installation. ``home``: the account and region of a short name."""

    def __init__(self, store: Store, home: Scope) -> None:
        self._store = store
        self.home = home

    def identity(self, node: str, of: Scope | None = None) -> Identity | None:
        """The virtual node or gateway that a node id names in this account and region; None when it is malformed."""
        return identity_of(node, of or self.home)

    def workload(self, node: str, of: Scope | None = None) -> WorkloadId | None:
        """The workload of a node id; None when there is no such virtual node or gateway. ``of``: the account and region
        of the proxy's task, which must have access to the mesh; None for a proxy outside of tasks.
        """
        identity = self.identity(node, of)
        resource = None if identity is None else resource_of_proxy(self._store.world, identity, of)
        return None if resource is None else WorkloadId(resource.arn)

    def explain_missing(self, node: str, *, in_full: bool = False) -> str:
        """Why a node id has no workload; ``in_full``: with the names that would have one."""
        identity = self.identity(node)
        if identity is None:
            return (
                "the node id must be mesh/<mesh>/virtualNode/<name>, mesh/<mesh>/virtualGateway/<name>, or the ARN of "
                f"one, not {_quote(node)}"
            )
        name, mesh = mesh_name(identity.mesh), self._store.world.meshes.get(identity.mesh)
        if mesh is None:
            owner = scope_of(identity.mesh)
            return f"the account {owner.account} has no mesh {_quote(name)} in {owner.region}"
        others = self._list_names(mesh, identity.kind) if in_full else ""
        return f"the mesh {name} has no {identity.kind} {_quote(identity.name)}{others}"

    def _list_names(self, mesh: Mesh, kind: AppMeshResourceType) -> str:
        world = self._store.world
        table = world.virtual_gateways if kind is AppMeshResourceType.VIRTUAL_GATEWAY else world.virtual_nodes
        names = sorted(resource.name for resource in table.by("mesh", mesh.arn))
        if not names:
            return "; it has none"
        more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
        return f"; it has {', '.join(names[:_MAX_NAMES])}{more}"


def _quote(text: str) -> str:
    return repr(text if len(text) <= _MAX_QUOTED else f"{text[:_MAX_QUOTED]}…")
