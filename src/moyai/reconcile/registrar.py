"""The loop that does Cloud Map's operations.

Promise: an operation is taken up as soon as it is submitted, however busy the tasks keep everybody, and brought to
its end one recorded step at a time; one that a process left unfinished is taken up by the next. A failure stays
with its operation, which comes again later.
"""

from __future__ import annotations

from moyai.domain.cloudmap.operation import Operation
from moyai.domain.world import table_name
from moyai.kernel.clock import Instant
from moyai.plan.cloudmap.operations import plan_operation
from moyai.reconcile.work_queue import WorkQueue
from moyai.reconcile.ports import Surroundings


class OperationLoop:
    """Brings operations to their end. ``run`` it once."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._queue = WorkQueue(around.clock)

    async def run(self) -> None:
        """Work until cancelled."""
        await self._queue.serve(self._follow(), self._step, "operation")

    async def _follow(self) -> None:
        operations = table_name(Operation)
        async for keys in self._around.store.watch():
            for key in sorted(keys):
                if key.table == operations:
                    self._queue.add(key.key)

    async def _step(self, key: str) -> Instant | None:
        """One step; one that changes the operation rings for the next."""
        plan = plan_operation(self._around.store.world, key, self._around.clock.now())
        if plan.changes:
            self._around.store.apply(plan.changes)
        return plan.wake_at
