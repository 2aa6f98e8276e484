"""The loop that forgets what was deleted.

Promise: it only asks ``plan.forgetting`` and writes down what that says; a look that is lost comes again when the
process starts anew, because the store then names every record.
"""

from __future__ import annotations

from moyai.kernel.clock import Instant
from moyai.plan.forgetting import plan_forgetting
from moyai.reconcile.work_queue import WorkQueue
from moyai.reconcile.ports import Surroundings

_TABLES = frozenset({"task_definition", "service", "cluster", "container_instance"})


class Janitor:
    """Forgets deleted records in time. ``run`` it once."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._queue = WorkQueue(around.clock)

    async def run(self) -> None:
        """Work until cancelled."""
        await self._queue.serve(self._follow(), self._look, "forgetting")

    async def _follow(self) -> None:
        async for keys in self._around.store.watch():
            for key in sorted(keys):
                if key.table in _TABLES:
                    self._queue.add(f"{key.table} {key.key}")

    async def _look(self, key: str) -> Instant | None:
        table, _, of = key.partition(" ")
        plan = plan_forgetting(self._around.store.world, table, of, self._around.clock.now())
        if plan.changes:
            self._around.store.apply(plan.changes)
        return plan.wake_at
