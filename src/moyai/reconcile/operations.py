"""The loop that carries out Cloud Map's operations (RegisterInstance and the like).

Promise: an operation begins as soon as it is submitted, however busy the reconciler is, and proceeds one recorded step
at a time; an unfinished operation continues after a restart. A failed operation does not block others and is
tried again later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moyai.domain.cloudmap.operation import CloudMapOperation
from moyai.domain.world import table_name
from moyai.kernel.clock import Instant
from moyai.plan.cloudmap.operations import plan_operation
from moyai.ports.store import Key
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

_TABLE = table_name(CloudMapOperation)


class OperationLoop:
    """Carries out operations. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._queue = WorkQueue(ports.clock)

    async def run(self) -> None:
        """Advance every operation of Cloud Map to its end, until cancelled."""
        await self._queue.serve(self._ports.store, _operations, self._advance, "operation")

    async def _advance(self, key: str) -> Instant | None:
        """Take one step. A step changes the record, whose notification leads to the next step."""
        plan = plan_operation(self._ports.store.world, key, self._ports.clock.now())
        if plan.changes:
            self._ports.store.apply(plan.changes)
        return plan.wake_at


def _operations(keys: Iterable[Key]) -> Iterator[str]:
    return (key.key for key in keys if key.table == _TABLE)
