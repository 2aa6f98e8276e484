"""The loops that delete expired data: records that users have deleted and that nothing refers to any more, log events,
and images and layers of the registry. ``plan/retention`` and ``plan/registry`` decide which data is expired.

Promise: a lost notification is repaired by the next start, when the store notifies of every record. A blob is removed
only when the deletion of all records that refer to it is durable, and not within an hour after it was written, so that
an image that is being pushed stays complete.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final

from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.plan.registry import plan_layer_deletion, plan_lifecycle_policies, used_blobs
from moyai.plan.retention import pinned_images, plan_log_deletion, plan_retention
from moyai.ports.blobs import BlobStore
from moyai.ports.logs import LogStore, LogStoreFault
from moyai.ports.store import Key, StateUnwritable, Store
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

_TABLES = frozenset({"task_definition", "service", "cluster", "container_instance", "daemon_deployment"})
_PINNING_TABLES = frozenset({"service_deployment", "service_revision", "daemon_revision"})
_IMAGES = "images"
_LOG_INTERVAL: Final = Seconds(60.0)
_REGISTRY_INTERVAL: Final = Seconds(3600.0)
_REGISTRY_RETRY: Final = Seconds(60.0)
_NEW_BLOB: Final = Seconds(3600.0)
"""The age up to which a blob may belong to an image that is being pushed."""
_log = logging.getLogger(__name__)


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


class LogRetention:
    """Deletes expired log events once a minute."""

    def __init__(self, store: Store, logs: LogStore, clock: Clock) -> None:
        self._store = store
        self._logs = logs
        self._clock = clock

    async def run(self) -> None:
        """Delete expired log events every minute, until cancelled."""
        while True:
            try:
                await self.delete_expired()
            except LogStoreFault as fault:
                _log.warning("expired log events can't be deleted: %s", fault)
            await self._clock.sleep(_LOG_INTERVAL)

    async def delete_expired(self) -> None:
        """Delete the log events that are expired now. Raises LogStoreFault."""
        streams, sources = await self._logs.streams(), await self._logs.positions()
        deletion = plan_log_deletion(self._store.world, streams, sources, self._clock.now())
        if deletion.streams or deletion.sources:
            await self._logs.forget(deletion.streams, deletion.sources)
        for group, before in deletion.before:
            await self._logs.trim(group, before)


class RegistryCleanup:
    """Cleans the registry once an hour, and when it starts."""

    def __init__(self, store: Store, blobs: BlobStore, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self.clean()
            except (StateUnwritable, OSError) as fault:
                _log.warning("the registry can't be cleaned: %s", fault)
                await self._clock.sleep(_REGISTRY_RETRY)
            else:
                await self._clock.sleep(_REGISTRY_INTERVAL)

    async def clean(self) -> None:
        """Delete the images and layers that are expired now. Raises StateUnwritable, OSError."""
        now = self._clock.now()
        self._store.apply(plan_lifecycle_policies(self._store.world, now))
        self._store.apply(plan_layer_deletion(self._store.world, now))
        await self._store.durable()
        freed = await self._blobs.remove_unused(used_blobs(self._store.world), Instant(now - _NEW_BLOB))
        if freed:
            _log.info("the registry freed %d MiB of images that nothing needs", freed // 1024**2)
