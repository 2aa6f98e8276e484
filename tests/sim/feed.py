"""A proxy feed whose proxies live on the clock: each acknowledges what it is sent a moment later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from moyai.domain.ecs.task import ContainerStatus
from moyai.domain.world import ProxyState, World
from moyai.kernel.clock import Instant, Seconds
from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Mesh
from moyai.ports.store import Store
from moyai.testing.clock import ManualClock

ACK_AFTER = 0.2
REPORT_EVERY = 5.0


class ClockedFeed:
    """A ``ProxyFeed``. A proxy is connected when its container runs; ``mute`` ones never acknowledge."""

    def __init__(self, clock: ManualClock, store: Store) -> None:
        self._clock = clock
        self._store = store
        self._sent = Mesh()
        self._acked: dict[WorkloadId, Mesh] = {}
        self._bells: list[asyncio.Queue[WorkloadId]] = []
        self._published = asyncio.Event()
        self.mute: set[WorkloadId] = set()

    def publish(self, mesh: Mesh) -> None:
        self._sent = mesh
        self._published.set()

    def bootstrap(self, workload: WorkloadId) -> bytes:
        return workload.encode()

    def reported(self, workload: WorkloadId, at: Instant) -> None:
        """Proxies report at every look."""

    def states(self) -> Mapping[WorkloadId, ProxyState]:
        now = self._clock.now()
        return {
            w: ProxyState(connected=True, synced=self._acked.get(w) is self._sent, reported_at=now)
            for w in self.connected()
        }

    def holders(self, address: str, port: int) -> frozenset[WorkloadId]:
        return frozenset(
            w
            for w in self.connected()
            if any(_reaches(m, w, address, port) for m in (self._acked.get(w), self._sent) if m)
        )

    async def changes(self) -> AsyncIterator[WorkloadId]:
        bell: asyncio.Queue[WorkloadId] = asyncio.Queue()
        self._bells.append(bell)
        while True:
            yield await bell.get()

    async def run(self) -> None:
        while True:
            await self._published.wait()
            self._published.clear()
            sent = self._sent
            await self._clock.sleep(Seconds(ACK_AFTER))
            for workload in sorted(self.connected() - self.mute):
                self._acked[workload] = sent
                for bell in self._bells:
                    bell.put_nowait(workload)

    def connected(self) -> set[WorkloadId]:
        return {WorkloadId(t.arn) for t in self._store.world.tasks if _proxy_runs(self._store.world, t.arn)}


def _proxy_runs(world: World, arn: str) -> bool:
    proxy = world.tasks[arn].proxy
    return proxy is not None and proxy.last_status is ContainerStatus.RUNNING


def _reaches(mesh: Mesh, workload: WorkloadId, address: str, port: int) -> bool:
    known = mesh.workloads.get(workload)
    called = {c.service for c in known.outbound.calls} if known is not None else set()
    members = (m for name in called for m in mesh.groups[name].members)
    return any((m.address, m.port) == (address, port) for m in members)
