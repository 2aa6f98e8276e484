"""The schema of the log store's database.

An event's row number gives the order of arrival, and is never reused. An append goes to the end of the table and of a
range in each index, so that its cost does not depend on the size of the table.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from moyai.ports.logs import LogStoreFault

APPLICATION: Final = 0x6D79_6C67
"""The file's ``application_id``: ``mylg``."""
VERSION: Final = 1
_BUSY_SECONDS: Final = 30.0
_TABLES: Final = (
    "CREATE TABLE groups (num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL DEFAULT 0)",
    (
        "CREATE TABLE streams (num INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, grp INTEGER NOT NULL,"
        " last INTEGER NOT NULL DEFAULT 0, ingested INTEGER NOT NULL DEFAULT 0)"
    ),
    "CREATE INDEX streams_grp ON streams (grp)",
    (
        "CREATE TABLE events (number INTEGER PRIMARY KEY AUTOINCREMENT, grp INTEGER NOT NULL, stream INTEGER NOT NULL,"
        " at INTEGER NOT NULL, ingested INTEGER NOT NULL, message BLOB NOT NULL)"
    ),
    "CREATE INDEX events_grp ON events (grp, at, number)",
    "CREATE INDEX events_stream ON events (stream, at, number)",
    "CREATE TABLE positions (source TEXT PRIMARY KEY, offset INTEGER NOT NULL) WITHOUT ROWID",
)


def connect(file: Path) -> sqlite3.Connection:
    """Open a connection, for one thread at a time. Errors: sqlite3.Error, OSError, LogStoreFault."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        _set(connection, file)
        _prepare(connection, file)
    except BaseException:
        connection.close()
        raise
    return connection


def _set(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # before the first table, or it has no effect
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LogStoreFault(f"The file system of {file} can't keep a write-ahead log: put it on a local disk.")
    connection.execute("PRAGMA synchronous = FULL")


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION and version == VERSION:
        return
    if application or version or connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]:
        raise LogStoreFault(
            f"{file} was made by another program or by a newer moyai: move it away, or use the newer moyai."
        )
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
