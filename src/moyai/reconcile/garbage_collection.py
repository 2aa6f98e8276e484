"""The loop that removes deleted records once nothing refers to them any more, and tells the runtime which images the
services' revisions need; ``plan.retention`` decides both.

Promise: a notification that is lost is repaired by the next start, when the store notifies of every record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from moyai.kernel.clock import Instant
from moyai.plan.retention import pinned_images, plan_retention
from moyai.ports.store import Key
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

_TABLES = frozenset({"task_definition", "service", "cluster", "container_instance", "daemon_deployment"})
_PINNING_TABLES = frozenset({"service_deployment", "service_revision", "daemon_revision"})
_IMAGES = "images"


class GarbageCollector:
    """Removes deleted records, and lets the runtime remove images. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._queue = WorkQueue(ports.clock)

    async def run(self) -> None:
        """Remove each deleted record when its time is over, until cancelled."""
        await self._queue.serve(self._ports.store, _queue_keys, self._collect, "garbage collection of")

    async def _collect(self, queue_key: str) -> Instant | None:
        if queue_key == _IMAGES:
            await self._ports.runtime.keep_images(pinned_images(self._ports.store.world))
            return None
        table, _, key = queue_key.partition(" ")
        plan = plan_retention(self._ports.store.world, table, key, self._ports.clock.now())
        if plan.changes:
            self._ports.store.apply(plan.changes)
        return plan.wake_at


def _queue_keys(keys: Iterable[Key]) -> Iterator[str]:
    for key in keys:
        if key.table in _TABLES:
            yield f"{key.table} {key.key}"
        elif key.table in _PINNING_TABLES:
            yield _IMAGES
