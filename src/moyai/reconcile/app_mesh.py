"""App Mesh for the proxies: a part of the feed for each virtual node and virtual gateway.

Promise: what was read of the world to make a part is kept, and a part is made anew when a change concerns any of that,
whatever else there is in its mesh: also when something appears that was looked for and wasn't there. All is made anew
from the world after a restart. A part that can't be made keeps its last good form, holds up no other, and is tried
again with the next change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from moyai.domain.appmesh.virtual_gateway import VirtualGateway
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.traced import Read, TracedWorld
from moyai.domain.world import table_name
from moyai.kernel.ids import WorkloadId
from moyai.mesh.app_mesh import Settings, compile_workload
from moyai.ports.store import Key
from moyai.reconcile.surroundings import Surroundings

_WORKLOADS = frozenset({table_name(VirtualNode), table_name(VirtualGateway)})


class AppMeshBroadcast:
    """Keeps the feed's parts of virtual nodes and virtual gateways those of the world."""

    def __init__(self, around: Surroundings, settings: Settings) -> None:
        self._feed = around.feed
        self._world = around.store.world
        self._traced = TracedWorld(self._world)
        self._settings = settings
        self._reads: dict[WorkloadId, frozenset[Read]] = {}
        self._readers: dict[Read, set[WorkloadId]] = defaultdict(set)
        self._stale: set[WorkloadId] = set()

    def note(self, keys: Iterable[Key]) -> tuple[WorkloadId, ...]:
        """Which parts are to be published, now that these have changed."""
        for table, key in keys:
            if table in _WORKLOADS:
                self._stale.add(WorkloadId(key))
            for read in self._traced.concerned(table, key):
                self._stale |= self._readers.get(read, set())
        return tuple(sorted(self._stale))

    def publish(self, workload: WorkloadId) -> None:
        """Compile and publish one."""
        self._traced.take()
        part = compile_workload(self._traced.world, workload, self._settings)
        self._feed.publish(part, workload)
        is_there = workload in self._world.virtual_nodes or workload in self._world.virtual_gateways
        self._remember(workload, self._traced.take() if is_there else frozenset())
        self._stale.discard(workload)

    def _remember(self, workload: WorkloadId, reads: frozenset[Read]) -> None:
        before = self._reads.pop(workload, frozenset())
        for read in before - reads:
            self._readers[read].discard(workload)
            if not self._readers[read]:
                del self._readers[read]
        for read in reads - before:
            self._readers[read].add(workload)
        if reads:
            self._reads[workload] = reads
