"""The schema of the store's database, as numbered migration steps.

Promise: a database of an earlier version is migrated in one transaction, or left unchanged; a database of a newer moyai
is not touched. Step N migrates from version N to N+1. A released step is never edited: another step is appended. A new
field of a record needs no step if it has a default.

Both numbers are in SQLite's header, which can be read before there is a table: ``user_version`` is the version of the
schema, ``application_id`` marks the file as moyai's.
Source: https://www.sqlite.org/pragma.html#pragma_user_version
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final

from moyai.ports.store import StateNewer, StoreFault
from moyai.store.codec import checksum, meta_checksum

APPLICATION: Final = 0x6D6F7961
"""``moya`` in ASCII."""

Step = Callable[[sqlite3.Connection], None]


def _first_tables(connection: sqlite3.Connection) -> None:
    # `place` keeps the order of creation. A plain rowid does not, because VACUUM may renumber it.
    connection.execute(
        "CREATE TABLE records (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,"
        " UNIQUE (kind, key))"
    )
    connection.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL)")


def _checksums(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE records ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0")
    connection.create_function("checksum", -1, checksum, deterministic=True)
    connection.execute("UPDATE records SET checksum = checksum(kind, key, body)")
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    if meta:
        number = meta_checksum(meta["installation"], meta["created_at"])
        connection.execute("INSERT INTO meta VALUES ('checksum', ?)", (number,))


STEPS: Final[tuple[Step, ...]] = (_first_tables, _checksums)


def migrate(connection: sqlite3.Connection, steps: Sequence[Step] = STEPS) -> None:
    """Migrate the database to version ``len(steps)``. The connection must be in autocommit mode.

    Errors: StateNewer; StoreFault when the file is another program's; sqlite3.Error.
    """
    application = _header(connection, "application_id")
    version = _header(connection, "user_version")
    if application not in {0, APPLICATION} or (application == 0 and _has_tables(connection)):
        raise StoreFault("another program made this file. Use another --state.")
    if version > len(steps):
        raise StateNewer(
            f"it has schema {version} and this moyai knows {len(steps)}, so a newer moyai wrote it. "
            "Use that one, or another --state."
        )
    if version == len(steps):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in steps[version:]:
            step(connection)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(steps)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _header(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0])
