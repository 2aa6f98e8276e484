"""The store on disk: a SQLite database in the state directory.

Promise: what ``durable`` has acknowledged survives a kill and a power cut, and a torn write is undone at the next
opening (write-ahead log with ``synchronous=FULL``: one fsync for each commit). The file is read once, at opening, and
refused when it is damaged; later reads are from memory. While the disk can't be written, memory equals the file. One
process at a time uses the state. Only the owner can read the files (0600).

Sources: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

import msgspec
from typing_extensions import override

from moyai.domain.record import StoredRecord
from moyai.domain.world import Change, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import Ids
from moyai.kernel.metrics import DurationHistogram
from moyai.ports.store import Key, StateUnwritable, Store, StoreFault
from moyai.store.codec import DAMAGE_ERRORS, RecordCodec, UnreadableRecord, checksum, meta_checksum
from moyai.store.faults import SQLITE_ERRORS, is_damage
from moyai.store.live import LiveWorld
from moyai.store.lock import DirectoryLock
from moyai.store.migrations import migrate
from moyai.store.writer import FORGET_TRIAL, Writer

_INSTALLATION_DIGITS: Final = 8
_BUSY_SECONDS: Final = 30.0
"""The time that a commit waits for another program that reads or copies the database."""


class Installation(msgspec.Struct, frozen=True):
    """The identity of an installation. ``id``: 8 hexadecimal digits, which names on the machine contain."""

    id: str
    created_at: Instant


class SqliteStore(Store):
    """A ``Store`` on disk. Create it with ``open``, in the event loop that uses it; ``installation`` never changes."""

    def __init__(
        self, lock: DirectoryLock, connection: sqlite3.Connection, database: Path, installation: Installation
    ) -> None:
        self.installation = installation
        self._lock = lock
        self._live = LiveWorld(_records(connection))
        self._rollbacks = 0
        loop = asyncio.get_running_loop()
        self._writer = Writer(connection, database, lambda: loop.call_soon_threadsafe(self._roll_back))

    @classmethod
    def open(cls, database: Path, ids: Ids, now: Instant) -> Self:
        """Open the state, or create it, and lock its directory.

        Errors: StateLocked, StateNewer, StoreFault (with the path and the reason).
        """
        with ExitStack() as undo:
            lock = DirectoryLock.take(database.parent)
            undo.callback(lock.release)
            with _store_faults(database):
                connection = _connect(database)
                undo.callback(connection.close)
                _prepare(connection)
                migrate(connection)
                store = cls(lock, connection, database, _installation(connection, ids, now))
            undo.pop_all()
        return store

    @property
    @override
    def world(self) -> World:
        return self._live.world

    @property
    def commits(self) -> DurationHistogram:
        """The duration of each commit."""
        return self._writer.commits

    @property
    @override
    def fault(self) -> str | None:
        return self._writer.fault

    @property
    @override
    def rollbacks(self) -> int:
        return self._rollbacks

    @override
    def apply(self, changes: Sequence[Change]) -> None:
        """Raises also StoreFault when the store is closed."""
        self._writer.require_usable()
        self._live.forget_written(self._writer.unwritten)
        self._writer.add(self._live.apply(changes))

    @override
    async def durable(self, rollbacks: int | None = None) -> None:
        """Raises also StoreFault when the store is closed."""
        await self._writer.durable()
        if rollbacks not in {None, self._rollbacks}:
            raise StateUnwritable(self.fault or "What this request read or changed could not be written. Try again.")

    @override
    def watch(self) -> AsyncIterator[frozenset[Key]]:
        return self._live.watch()

    @override
    async def close(self) -> None:
        """Raises StateUnwritable when something applied could not be written. Harmless when repeated."""
        before = self._rollbacks
        try:
            await self._writer.close()
        finally:
            self._live.end()
            self._lock.release()
        if self._rollbacks != before:
            raise StateUnwritable(self.fault)

    def _roll_back(self) -> None:
        """After a commit that failed: restore in memory what is on disk, and fail the waiting calls."""
        self._rollbacks += 1
        self._live.roll_back(self._writer.unwritten)
        self._writer.discard()


@contextmanager
def _store_faults(database: Path) -> Iterator[None]:
    try:
        yield
    except SQLITE_ERRORS as exc:
        raise (_damaged_fault if is_damage(exc) else _unusable)(database, exc) from exc
    except OSError as exc:
        raise _unusable(database, exc) from exc
    except (UnreadableRecord, *DAMAGE_ERRORS) as exc:
        raise _damaged_fault(database, exc) from exc
    except StoreFault as exc:
        raise type(exc)(f"The state in {database} can't be used: {exc}") from exc


def _unusable(database: Path, error: Exception) -> StoreFault:
    return StoreFault(f"The state in {database} can't be used: {error}.")


def _damaged_fault(database: Path, error: Exception) -> StoreFault:
    return StoreFault(
        f"The state in {database} can't be used, because the file is damaged: {error}. "
        "Put a backup in its place, or move it away to begin anew."
    )


def _records(connection: sqlite3.Connection) -> Iterator[StoredRecord]:
    """Every record, in the order of creation. Raises UnreadableRecord, sqlite3.Error, or one of DAMAGE_ERRORS."""
    codec = RecordCodec()
    for kind, key, body, expected in connection.execute("SELECT kind, key, body, checksum FROM records ORDER BY place"):
        if checksum(kind, key, body) != expected:
            raise UnreadableRecord(f"the record {key!r} is not what was written")
        yield codec.decode(kind, body)


def _connect(database: Path) -> sqlite3.Connection:
    # Created here rather than by SQLite, for its mode, which SQLite also gives the write-ahead log.
    os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    # Opened in one thread, then used in the writer's only.
    return sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreFault("its file system can't keep a write-ahead log. Put it on a local disk.")
    connection.execute("PRAGMA synchronous = FULL")
    (result,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if result != "ok":
        raise UnreadableRecord(" ".join(result.split()))


def _installation(connection: sqlite3.Connection, ids: Ids, now: Instant) -> Installation:
    """The installation of this state, created at its first opening. Raises UnreadableRecord or one of DAMAGE_ERRORS."""
    connection.execute(FORGET_TRIAL)  # left by a process that ended during one
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    if not meta:
        installation = Installation(ids.hex(_INSTALLATION_DIGITS), now)
        rows = {"installation": installation.id, "created_at": now, "checksum": meta_checksum(installation.id, now)}
        connection.execute(
            "INSERT INTO meta VALUES (?, ?), (?, ?), (?, ?)", [part for row in rows.items() for part in row]
        )
        return installation
    name, created_at = meta.get("installation"), meta.get("created_at")
    if (
        not isinstance(name, str)
        or not isinstance(created_at, float)
        or meta.get("checksum") != meta_checksum(name, created_at)
    ):
        raise UnreadableRecord("the name of the installation is not what was written")
    return Installation(name, Instant(created_at))
