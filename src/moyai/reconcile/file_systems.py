"""The loop that counts the bytes of file systems, and removes the content of deleted file systems.

Promise: content is removed only when the deletion is recorded and no task uses the file system; then the record is
deleted. An interrupted removal is repeated. Bytes are counted every minute, and less often where that takes long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from moyai.domain.efs.file_system import FileSystem
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant, later
from moyai.plan.task.file_systems import is_file_system_used
from moyai.ports.store import Key
from moyai.reconcile.ports import ReconcilerPorts
from moyai.reconcile.work_queue import WorkQueue

_INTERVAL = 60.0
"""Seconds between two counts of a file system."""
_PAUSE_FACTOR = 20
"""The pause after a count is at least this many times as long as the count."""
_RETRY_AFTER = 5.0
"""Seconds until a deleted file system that a task still uses is checked again."""


class FileSystemLoop:
    """Measures and removes file systems. ``run`` it once."""

    def __init__(self, ports: ReconcilerPorts) -> None:
        self._ports = ports
        self._queue = WorkQueue(ports.clock)
        self._due_at: dict[str, Instant] = {}
        """When a file system is to be measured again."""

    async def run(self) -> None:
        """Work until cancelled."""
        await self._queue.serve(self._ports.store, _file_systems, self.advance, "file system")

    async def advance(self, identity: str) -> Instant | None:
        """Measure or remove one file system, if that is due; returns when it is due again."""
        file_system = self._ports.store.world.file_systems.get(identity)
        if file_system is None:
            self._due_at.pop(identity, None)
            return None
        return await (self._measure if file_system.deleted_at is None else self._remove)(file_system)

    async def _measure(self, file_system: FileSystem) -> Instant:
        begin = self._ports.clock.now()
        due_at = self._due_at.get(file_system.id, begin)
        if begin < due_at:
            return due_at
        size = await self._ports.runtime.file_system_size(file_system.id)
        end = self._ports.clock.now()
        due_at = self._due_at[file_system.id] = later(end, max(_INTERVAL, (end - begin) * _PAUSE_FACTOR))
        current = self._ports.store.world.file_systems.get(file_system.id)
        is_new = current is not None and (current.measured_at is None or current.size != size)
        if current is not None and size is not None and is_new:
            self._ports.store.apply([Put(replace(current, size=size, measured_at=end))])
        return due_at

    async def _remove(self, file_system: FileSystem) -> Instant | None:
        await self._ports.store.durable()
        if is_file_system_used(self._ports.store.world, file_system.id) or not (
            await self._ports.runtime.remove_file_system(file_system.id)
        ):
            return later(self._ports.clock.now(), _RETRY_AFTER)
        self._ports.store.apply([Delete(FileSystem, file_system.id)])
        return None


def _file_systems(keys: Iterable[Key]) -> Iterator[str]:
    return (key.key for key in keys if key.table == "file_system")
