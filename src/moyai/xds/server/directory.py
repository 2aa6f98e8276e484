"""Which workload a node id stands for, and what there is when it stands for none.

Promise: read from the world as it is. What it says is for whoever may ask for the place that it is asked about.
"""

from __future__ import annotations

from moyai.domain.appmesh.lookup import mesh_of, stands_for
from moyai.domain.appmesh.mesh import Mesh
from moyai.domain.appmesh.names import Kind, read_proxy_name
from moyai.kernel.ids import WorkloadId
from moyai.kernel.scope import Scope
from moyai.ports.store import Store
from moyai.xds.server.reach import Place, place_of

_SHOWN = 10
"""Names in a message."""


class Directory:
    """Of one installation; ``home``: whose a short name is."""

    def __init__(self, store: Store, home: Scope) -> None:
        self._store = store
        self.home = home

    def place(self, node: str, of: Scope | None = None) -> Place | None:
        """What a node id names, to whoever belongs to this account and region; None when it names nothing."""
        said = read_proxy_name(node)
        return None if said is None else place_of(said, of or self.home)

    def workload(self, node: str, of: Scope | None = None) -> WorkloadId | None:
        """What a proxy with this node id is led as; None when there is no such virtual node or gateway."""
        said = read_proxy_name(node)
        found = None if said is None else stands_for(self._store.world, said, of or self.home)
        return None if found is None else WorkloadId(found.arn)

    def instead(self, node: str) -> str:
        """Why there is nothing behind a node id, and what there is."""
        said = read_proxy_name(node)
        if said is None:
            return (
                "the node id is mesh/<mesh>/virtualNode/<name>, mesh/<mesh>/virtualGateway/<name>, or the ARN of one, "
                f"but not {_quoted(node)}"
            )
        mesh = mesh_of(self._store.world, said, self.home)
        if mesh is None:
            owner = Scope(said.mesh_owner or self.home.account, said.region or self.home.region)
            return f"the account {owner.account} has no mesh {_quoted(said.mesh)} in {owner.region}"
        return f"the mesh {said.mesh} has no {said.kind} {_quoted(said.name)}; {self._has(mesh, said.kind)}"

    def _has(self, mesh: Mesh, kind: Kind) -> str:
        world = self._store.world
        table = world.virtual_gateways if kind is Kind.VIRTUAL_GATEWAY else world.virtual_nodes
        names = sorted(one.name for one in table.by("mesh", mesh.arn))
        if not names:
            return "it has none"
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        return f"it has {', '.join(names[:_SHOWN])}{more}"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 2 * 255 else f"{text[: 2 * 255]}…")
