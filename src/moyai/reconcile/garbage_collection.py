"""The loop that removes deleted records once nothing refers to them any more; ``plan.forgetting`` decides when.

Promise: a notification that is lost is repaired by the next start, when the store notifies of every record.
"""

from __future__ import annotations

from moyai.kernel.clock import Instant
from moyai.plan.retention import plan_retention
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

_TABLES = frozenset({"task_definition", "service", "cluster", "container_instance"})


class GarbageCollector:
    """Removes deleted records. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._queue = WorkQueue(ports.clock)

    async def run(self) -> None:
        """Remove each deleted record when its time is over, until cancelled."""
        await self._queue.serve(self._follow(), self._collect, "garbage collection of")

    async def _follow(self) -> None:
        async for keys in self._ports.store.watch():
            for key in sorted(keys):
                if key.table in _TABLES:
                    self._queue.add(f"{key.table} {key.key}")

    async def _collect(self, queue_key: str) -> Instant | None:
        table, _, key = queue_key.partition(" ")
        plan = plan_retention(self._ports.store.world, table, key, self._ports.clock.now())
        if plan.changes:
            self._ports.store.apply(plan.changes)
        return plan.wake_at
