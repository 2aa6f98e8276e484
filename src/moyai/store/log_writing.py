"""The transactions of the log store's one writing thread: appending, and deleting in small portions.

Every method is one transaction; an error rolls it back and is raised unchanged.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from moyai.domain.logs.event import OVERHEAD, milliseconds
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import LogBatch
from moyai.store.log_schema import VERSION

PORTION: Final = 5000
"""The most events that one transaction deletes, so that appending never waits long."""
_ROW: Final = f"SELECT number, grp, length(message) + {OVERHEAD} FROM events"  # noqa: S608 (a constant)


class _StreamRow(NamedTuple):
    group: int
    num: int


class LogWriter:
    """Owns a connection's transactions. ``limit``: bytes of the file that may be in use."""

    def __init__(self, connection: sqlite3.Connection, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._stream_rows: dict[LogStreamId, _StreamRow] = {}

    def append(self, appends: Sequence[tuple[Sequence[LogBatch], Instant]]) -> None:
        """Store batches, each with the time at which it was received."""
        with self._transaction():
            added = sum(self._add(batch, now) for batches, now in appends for batch in batches)
            if self._in_use() > self._limit:
                self._delete(f"{_ROW} ORDER BY number LIMIT ?", PORTION + 2 * added)

    def trim(self, group: LogGroupId, before: int) -> bool:
        """Delete a portion of a group's events from before that time; False when there were none."""
        with self._transaction():
            row = self._connection.execute("SELECT num FROM groups WHERE id = ?", (group,)).fetchone()
            return row is not None and self._delete(f"{_ROW} WHERE grp = ? AND at < ? LIMIT ?", *row, before, PORTION)

    def forget(self, stream: LogStreamId) -> bool:
        """Delete a portion of a stream's events; when there were none, delete the stream and return False."""
        with self._transaction():
            row = self._connection.execute("SELECT num FROM streams WHERE id = ?", (stream,)).fetchone()
            if row is None:
                return False
            if self._delete(f"{_ROW} WHERE stream = ? LIMIT ?", *row, PORTION):
                return True
            self._connection.execute("DELETE FROM streams WHERE num = ?", row)
            self._connection.execute("DELETE FROM groups WHERE num NOT IN (SELECT grp FROM streams)")
            self._stream_rows.pop(stream, None)
            return False

    def forget_sources(self, sources: Collection[str]) -> None:
        """Delete the positions of these sources."""
        with self._transaction():
            self._connection.executemany("DELETE FROM positions WHERE source = ?", [(source,) for source in sources])

    def write_nothing(self) -> None:
        """Commit a transaction that changes nothing."""
        with self._transaction():
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def give_back(self) -> None:
        """Return free space to the file system."""
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()

    def _add(self, batch: LogBatch, now: Instant) -> int:
        stream, ingested_at = self._stream(batch), milliseconds(now)
        if batch.events:
            self._connection.executemany(
                "INSERT INTO events (grp, stream, at, ingested, message) VALUES (?, ?, ?, ?, ?)",
                [(stream.group, stream.num, event.at, ingested_at, event.message) for event in batch.events],
            )
            last = max(event.at for event in batch.events)
            self._connection.execute(
                "UPDATE streams SET last = max(last, ?), ingested = ? WHERE num = ?", (last, ingested_at, stream.num)
            )
            size = sum(event.size for event in batch.events)
            self._connection.execute("UPDATE groups SET bytes = bytes + ? WHERE num = ?", (size, stream.group))
        if batch.position is not None:
            self._connection.execute(
                "INSERT INTO positions VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET offset = excluded.offset",
                batch.position,
            )
        return len(batch.events)

    def _stream(self, batch: LogBatch) -> _StreamRow:
        if (row := self._stream_rows.get(batch.stream)) is not None:
            return row
        self._connection.execute("INSERT OR IGNORE INTO groups (id) VALUES (?)", (batch.group,))
        (group,) = self._connection.execute("SELECT num FROM groups WHERE id = ?", (batch.group,)).fetchone()
        self._connection.execute("INSERT OR IGNORE INTO streams (id, grp) VALUES (?, ?)", (batch.stream, group))
        (num,) = self._connection.execute("SELECT num FROM streams WHERE id = ?", (batch.stream,)).fetchone()
        self._stream_rows[batch.stream] = row = _StreamRow(group, num)
        return row

    def _delete(self, select: str, *values: object) -> bool:
        """Delete the selected rows; False when there were none."""
        rows = self._connection.execute(select, values).fetchall()
        self._connection.executemany("DELETE FROM events WHERE number = ?", [(number,) for number, _, _ in rows])
        sizes: Counter[int] = Counter()
        for _, group, size in rows:
            sizes[group] += size
        self._connection.executemany(
            "UPDATE groups SET bytes = bytes - ? WHERE num = ?", [(size, group) for group, size in sizes.items()]
        )
        return bool(rows)

    def _in_use(self) -> int:
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._stream_rows.clear()  # the rollback may have removed some of these rows
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
