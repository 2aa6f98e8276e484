"""The tables of the metric store, and how its file is opened or created.

The key of a minute or an hour is one number, with the time in its high bits, then the group and the column. So rows
that are written together lie together, a save touches few pages, and expired rows are removed from one end. A key of
several columns would sort the same way, but rows of such a table spill onto overflow pages at a quarter of a page.
No running task depends on this file, so an unreadable file is set aside (``<name>.unreadable``, at most one) and
created again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from pathlib import Path
from typing import Final

from moyai.kernel.clock import Instant
from moyai.ports.metric_store import COLUMNS, GROUPS, MetricStoreFault
from moyai.store.faults import SQLITE_ERRORS, is_damage

APPLICATION: Final = 0x6D79_6D74
"""The file's ``application_id``: ``mymt``."""
VERSION: Final = 2
_BUSY_SECONDS: Final = 30.0
_CACHE_KIB: Final = 8 * 1024
_PAGE: Final = 16 * 1024
"""Bytes of a page; a body has one to three thousand bytes."""
_GROUP_BITS: Final = GROUPS.bit_length() - 1
_COLUMN_BITS: Final = COLUMNS.bit_length() - 1
_TABLES: Final = (
    "CREATE TABLE groups (number INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE minutes (place INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE hours (place INTEGER PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE proxies (workload TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE totals (key TEXT PRIMARY KEY, at REAL NOT NULL, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE begun (at REAL NOT NULL)",
)
_log = logging.getLogger(__name__)


def minute_key(start: int, group: int) -> int:
    """The key of a group's minute. ``start``: whole seconds."""
    return start // 60 << _GROUP_BITS | group


def split_minute_key(key: int) -> tuple[int, int]:
    """The start and the group of the minute with this key."""
    return (key >> _GROUP_BITS) * 60, key & GROUPS - 1


def hour_key(start: int, group: int, column: int) -> int:
    """The key of a metric's hour. ``start``: whole seconds."""
    return (start // 3600 << _GROUP_BITS | group) << _COLUMN_BITS | column


def start_of_hour(key: int) -> int:
    """The start of the hour with this key."""
    return (key >> _GROUP_BITS + _COLUMN_BITS) * 3600


def open_file(file: Path, now: Instant) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A connection for writing and one for reading, to the file or to a new one. Raises MetricStoreFault."""
    try:
        return _pair(file, now)
    except SQLITE_ERRORS as error:
        if not is_damage(error) and not _has_other_format(error):
            raise MetricStoreFault(f"The metric store {file} can't be used: {error}.") from error
        _log.warning("the metrics in %s can't be read (%s): an empty file takes their place", file, error)
    except OSError as error:
        raise MetricStoreFault(f"The metric store {file} can't be used: {error}.") from error
    return recreate_file(file, now)


def recreate_file(file: Path, now: Instant) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """Set the file aside and create a new one. Raises MetricStoreFault."""
    try:
        for ending in ("-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)
        if file.exists():
            file.replace(file.with_name(file.name + ".unreadable"))
        return _pair(file, now)
    except (*SQLITE_ERRORS, OSError) as error:
        raise MetricStoreFault(f"The metric store {file} can't be created again: {error}.") from error


def _has_other_format(error: Exception) -> bool:
    """Whether SQLite refuses to write because of the file's header: the file itself was opened for writing."""
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY


def _pair(file: Path, now: Instant) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    writing = _connect(file, now)
    try:
        return writing, _connect(file, now)
    except BaseException:
        writing.close()
        raise


def _connect(file: Path, now: Instant) -> sqlite3.Connection:
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # takes effect only before the first table
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        # A power cut may lose the newest saves, because the port does not promise that they are durable.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        _prepare(connection, now)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, now: Instant) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application == APPLICATION and version == VERSION:
        connection.execute("SELECT at FROM begun").fetchone()
        return
    if application or version or connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]:
        raise sqlite3.DatabaseError("it was made by another program, or by another version of moyai")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _TABLES:
            connection.execute(statement)
        connection.execute("INSERT INTO begun VALUES (?)", (now,))
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
