"""The loop that does Cloud Map's operations.

Promise: an operation is taken up as soon as it is submitted, however busy the tasks keep everybody, and brought to
its end one recorded step at a time; one that a process left unfinished is taken up by the next. A failure stays
with its operation, which comes again later.
"""

from __future__ import annotations

import asyncio
import logging

from moyai.domain.cloudmap.operation import Operation
from moyai.domain.world import table_name
from moyai.plan.cloudmap.operations import plan_operation
from moyai.reconcile.queue import KeyQueue
from moyai.reconcile.surroundings import Surroundings

_log = logging.getLogger(__name__)


class Registrar:
    """Brings operations to their end. ``run`` it once."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._queue = KeyQueue(around.clock)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._queue.run_timers())
            group.create_task(self._follow())
            group.create_task(self._work())

    async def _follow(self) -> None:
        operations = table_name(Operation)
        async for keys in self._around.store.watch():
            for key in sorted(keys):
                if key.table == operations:
                    self._queue.add(key.key)

    async def _work(self) -> None:
        """One step at a time: a step that changes the operation rings for the next one."""
        while True:
            key = await self._queue.take()
            around = self._around
            try:
                plan = plan_operation(around.store.world, key, around.clock.now())
                if plan.changes:
                    around.store.apply(plan.changes)
            except Exception:  # noqa: BLE001 (the top of the loop: a failure stays with its operation)
                _log.exception("operation %s: will be tried again", key)
                self._queue.failed(key)
            else:
                self._queue.done(key, plan.wake_at)
