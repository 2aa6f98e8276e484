"""Log events on disk: one SQLite database in the state directory.

Promise: one thread writes, with one fsync for all events that arrived during the previous commit; another thread reads,
and neither blocks the event loop. A failed commit is rolled back and reported to its callers; the next commit may
succeed. A commit that exceeds the limit also deletes the oldest events, more than necessary, so that not every commit
has to delete some; the file shrinks accordingly.
Sources: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_auto_vacuum
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from typing_extensions import override

from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import EventPage, EventQuery, LogBatch, LogStore, LogStoreFault, StreamTimes
from moyai.store import log_reading
from moyai.store.faults import SQLITE_ERRORS, is_damage
from moyai.store.log_schema import connect
from moyai.store.log_writing import LogWriter

T = TypeVar("T")


class SqliteLogStore(LogStore):
    """A ``LogStore`` on disk. Create it with ``open``."""

    def __init__(self, file: Path, limit: int) -> None:
        self._file = file
        self._writing, self._reading = connect(file), connect(file)
        self._writer = LogWriter(self._writing, limit)
        self._fault: str | None = None
        self._write_thread = ThreadPoolExecutor(1, "moyai-logs-write")
        self._read_thread = ThreadPoolExecutor(1, "moyai-logs-read")
        self._lock = threading.Lock()
        self._pending: list[_Entry] = []
        self._closed = False

    @classmethod
    def open(cls, file: Path, limit: int) -> Self:
        """Open the database, or create it. Raises LogStoreFault, with the path and the reason."""
        try:
            return cls(file, limit)
        except (*SQLITE_ERRORS, OSError) as error:
            raise LogStoreFault(_unusable(file, error)) from error

    @override
    async def append(self, batches: Sequence[LogBatch], now: Instant) -> None:
        entry = _Entry(batches, now)
        with self._lock:
            self._pending.append(entry)
        await self._in(self._write_thread, self._flush)
        if entry.failure is not None:
            raise LogStoreFault(self._sentence(entry.failure)) from entry.failure

    @override
    async def read(self, question: EventQuery) -> EventPage:
        return await self._in(self._read_thread, partial(log_reading.read, self._reading, question))

    @override
    async def times(self, streams: Collection[LogStreamId]) -> Mapping[LogStreamId, StreamTimes]:
        return await self._in(self._read_thread, partial(log_reading.times, self._reading, streams))

    @override
    async def sizes(self, groups: Collection[LogGroupId]) -> Mapping[LogGroupId, int]:
        return await self._in(self._read_thread, partial(log_reading.sizes, self._reading, groups))

    @override
    async def positions(self) -> Mapping[str, int]:
        return await self._in(self._read_thread, partial(log_reading.positions, self._reading))

    @override
    async def streams(self) -> Collection[LogStreamId]:
        return await self._in(self._read_thread, partial(log_reading.streams, self._reading))

    @override
    async def trim(self, group: LogGroupId, before: int) -> None:
        is_deleted = False
        while await self._in(self._write_thread, partial(self._writer.trim, group, before)):
            is_deleted = True
        if is_deleted:
            await self._in(self._write_thread, self._writer.give_back)

    @override
    async def forget(self, streams: Collection[LogStreamId], sources: Collection[str] = ()) -> None:
        for stream in streams:
            while await self._in(self._write_thread, partial(self._writer.forget, stream)):
                continue
        if sources:
            await self._in(self._write_thread, partial(self._writer.forget_sources, sources))
        if streams:
            await self._in(self._write_thread, self._writer.give_back)

    @override
    async def fault(self) -> str | None:
        if self._fault is not None:
            with suppress(LogStoreFault):
                await self._in(self._write_thread, self._try)
        return self._fault

    @override
    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._write_thread.shutdown)
        await asyncio.to_thread(self._read_thread.shutdown)
        self._reading.close()
        self._writing.close()

    def _flush(self) -> None:
        """In the writing thread: commit every pending append, including those whose own ``_flush`` is still queued."""
        with self._lock:
            entries, self._pending = self._pending, []
        if not entries:
            return
        try:
            self._writer.append([(entry.batches, entry.now) for entry in entries])
        except SQLITE_ERRORS as error:
            self._fault = self._sentence(error)
            for entry in entries:
                entry.failure = error
        else:
            self._fault = None

    def _try(self) -> None:
        """In the writing thread: find out whether writing succeeds again."""
        self._writer.write_nothing()
        self._fault = None

    def _sentence(self, error: Exception) -> str:
        if is_damage(error):
            return _unusable(self._file, error)
        remedy = "Free disk space; moyai then accepts log events again."
        return f"Log events can't be kept in {self._file}: {error}. {remedy}"

    async def _in(self, thread: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise LogStoreFault("The log store is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, work)
        except SQLITE_ERRORS as error:
            raise LogStoreFault(_unusable(self._file, error)) from error


class _Entry:
    """An append that is not yet on disk."""

    def __init__(self, batches: Sequence[LogBatch], now: Instant) -> None:
        self.batches = batches
        self.now = now
        self.failure: Exception | None = None


def _unusable(file: Path, error: Exception) -> str:
    remedy = " It is damaged: move it away while moyai is down, to begin anew." if is_damage(error) else ""
    return f"The log store {file} can't be used: {error}.{remedy}"
