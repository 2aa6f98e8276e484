"""The store of one machine: a SQLite database in the state directory.

Promise: what ``durable`` has acknowledged survives a kill and a power cut, and a torn write is undone
at the next opening (write-ahead log with ``synchronous=FULL``: one fsync for each commit). All reading
is from memory; the file is read once, at opening. One process at a time has the state. Files are for
their owner alone (0600).

Sources: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

import msgspec

from moyai.domain.world import Change, World
from moyai.kernel.clock import Instant
from moyai.kernel.figures import Times
from moyai.kernel.ids import Ids
from moyai.ports.store import Key, StoreFault
from moyai.store.live import LiveWorld
from moyai.store.lock import DirectoryLock
from moyai.store.migrations import migrate
from moyai.store.writer import Writer

_INSTALLATION_DIGITS: Final = 8
_BUSY_SECONDS: Final = 30.0
"""How long a commit waits for another program that reads or copies the database."""


class Installation(msgspec.Struct, frozen=True):
    """Which moyai this state belongs to. ``id`` names what it makes on the machine (8 hexadecimal digits)."""

    id: str
    created_at: Instant


class SqliteStore:
    """A ``Store`` on disk. Made by ``open``; ``installation`` is the same for the life of the state."""

    def __init__(self, lock: DirectoryLock, connection: sqlite3.Connection, installation: Installation) -> None:
        self.installation = installation
        self._lock = lock
        bodies = connection.execute("SELECT body FROM records ORDER BY place")
        self._live = LiveWorld(body for (body,) in bodies)
        self._writer = Writer(connection)

    @classmethod
    def open(cls, database: Path, ids: Ids, now: Instant) -> Self:
        """Open the state, or start a new one, and lock the directory it lies in.

        Errors: StateLocked, StateNewer, StoreFault (with the path and what is wrong with it).
        """
        with ExitStack() as undo, _translated(database):
            lock = DirectoryLock.take(database.parent)
            undo.callback(lock.release)
            connection = _connect(database)
            undo.callback(connection.close)
            _prepare(connection)
            migrate(connection)
            store = cls(lock, connection, _installation(connection, ids, now))
            undo.pop_all()
        return store

    @property
    def world(self) -> World:
        """See ``Store.world``."""
        return self._live.world

    @property
    def commits(self) -> Times:
        """How long each commit took."""
        return self._writer.commits

    def apply(self, changes: Sequence[Change]) -> None:
        """See ``Store.apply``. StoreFault once the disk has failed or the store is closed."""
        self._writer.require_usable()
        self._writer.take(self._live.apply(changes))

    async def durable(self) -> None:
        """See ``Store.durable``."""
        self._writer.require_usable()
        await self._writer.durable()

    def watch(self) -> AsyncIterator[frozenset[Key]]:
        """See ``Store.watch``."""
        return self._live.watch()

    async def close(self) -> None:
        """See ``Store.close``. StoreFault when something applied could not be written. Harmless when repeated."""
        try:
            await self._writer.close()
        finally:
            self._live.end()
            self._lock.release()


@contextmanager
def _translated(database: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as exc:
        raise StoreFault(f"The state in {database} can't be used: {exc}.") from exc


def _connect(database: Path) -> sqlite3.Connection:
    # Made here rather than by SQLite, for its mode: SQLite gives the write-ahead log the mode of the database.
    os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    # Opened in one thread, then used by the writer's alone.
    return sqlite3.connect(database, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreFault("The state's file system can't keep a write-ahead log: put it on a local disk.")
    connection.execute("PRAGMA synchronous = FULL")


def _installation(connection: sqlite3.Connection, ids: Ids, now: Instant) -> Installation:
    """Who this state belongs to, decided at its first opening."""
    connection.execute(
        "INSERT OR IGNORE INTO meta VALUES ('installation', ?), ('created_at', ?)", (ids.hex(_INSTALLATION_DIGITS), now)
    )
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    return Installation(id=meta["installation"], created_at=Instant(meta["created_at"]))
