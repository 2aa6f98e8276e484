"""Which workload a node id stands for, and what there is when it stands for none.

Promise: read from the world as it is. What it says in full is for whoever may ask for all that is in a mesh.
"""

from __future__ import annotations

from moyai.domain.appmesh.identity import Identity, identity_of
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import Kind, mesh_name
from moyai.domain.keys import scope_of
from moyai.domain.queries.app_mesh import resource_of_proxy
from moyai.kernel.ids import WorkloadId
from moyai.kernel.scope import Scope
from moyai.ports.store import Store

_SHOWN = 10
"""Names in a message."""


class Directory:
    """Of one installation; ``home``: whose a short name is."""

    def __init__(self, store: Store, home: Scope) -> None:
        self._store = store
        self.home = home

    def identity(self, node: str, of: Scope | None = None) -> Identity | None:
        """What a node id means to whoever belongs to this account and region; None when it means nothing."""
        return identity_of(node, of or self.home)

    def workload(self, node: str, of: Scope | None = None) -> WorkloadId | None:
        """What a proxy with this node id is led as; None when there is no such virtual node or gateway. ``of``: whose
        task the proxy is in, and then it has to be open to that account; None = it is in none.
        """
        whom = self.identity(node, of)
        found = None if whom is None else resource_of_proxy(self._store.world, whom, of)
        return None if found is None else WorkloadId(found.arn)

    def instead(self, node: str, *, in_full: bool = False) -> str:
        """Why there is nothing behind a node id; ``in_full``: and what there is."""
        whom = self.identity(node)
        if whom is None:
            return (
                "the node id is mesh/<mesh>/virtualNode/<name>, mesh/<mesh>/virtualGateway/<name>, or the ARN of one, "
                f"but not {_quoted(node)}"
            )
        name, mesh = mesh_name(whom.mesh), self._store.world.meshes.get(whom.mesh)
        if mesh is None:
            owner = scope_of(whom.mesh)
            return f"the account {owner.account} has no mesh {_quoted(name)} in {owner.region}"
        return f"the mesh {name} has no {whom.kind} {_quoted(whom.name)}{self._has(mesh, whom.kind) if in_full else ''}"

    def _has(self, mesh: Mesh, kind: Kind) -> str:
        world = self._store.world
        table = world.virtual_gateways if kind is Kind.VIRTUAL_GATEWAY else world.virtual_nodes
        names = sorted(one.name for one in table.by("mesh", mesh.arn))
        if not names:
            return "; it has none"
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"; it has {', '.join(names[:_SHOWN])}{more}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 2 * 255 else f"{text[: 2 * 255]}…")
