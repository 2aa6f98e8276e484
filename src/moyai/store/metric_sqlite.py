"""Metrics on disk: a SQLite database beside the world's, written by a thread of its own.

Promise: as in ``ports/metric_store``. Reads have a connection of their own in the calling thread, so they do not wait
for writes: a day of one metric takes a few dozen look-ups by key. Opening reads only the groups' names, so a long
history does not slow a start.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from typing_extensions import override

from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import (
    GroupHour,
    MetricBatch,
    MetricStore,
    MetricStoreFault,
    StoredGroup,
    StoredHour,
    StoredMinute,
    StoredTotal,
)
from moyai.store.faults import SQLITE_ERRORS, is_damage
from moyai.store.metric_schema import hour_key, minute_key, open_file, recreate_file, split_minute_key, start_of_hour

_MINUTE: Final = 60
_HOUR: Final = 3600
_NEVER: Final = 2**62
_KEYS_PER_STATEMENT: Final = 240
_log = logging.getLogger(__name__)


class SqliteMetricStore(MetricStore):
    """A ``MetricStore`` on disk, created by ``open``. ``limit``: bytes of the file that may be in use."""

    fault: str | None = None

    def __init__(self, file: Path, limit: int, clock: Clock) -> None:
        self._file, self._limit, self._clock = file, limit, clock
        self._writing, self._reading = open_file(file, clock.now())
        self._thread = ThreadPoolExecutor(1, "moyai-metrics-write")
        self._closed = False

    @classmethod
    def open(cls, file: Path, limit: int, clock: Clock) -> Self:
        """Open the file, or create it. Raises MetricStoreFault when the file can't be created."""
        return cls(file, limit, clock)

    @property
    @override
    def since(self) -> Instant:
        return Instant(next((at for (at,) in self._read("SELECT at FROM begun")), 0.0))

    @override
    def groups(self) -> Iterable[StoredGroup]:
        return map(StoredGroup._make, self._read("SELECT number, body FROM groups ORDER BY number"))

    @override
    def minutes(self, group: int, start: float, end: float) -> Sequence[StoredMinute]:
        ends = self._end_keys("minutes")
        if ends is None:
            return []
        first, last = ends
        starts = _multiples(
            _MINUTE, max(start, split_minute_key(first)[0]), min(end, split_minute_key(last)[0] + _MINUTE)
        )
        keys = [minute_key(minute, group) for minute in starts]
        return [StoredMinute(*split_minute_key(key), body) for key, body in self._rows("minutes", keys)]

    @override
    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[StoredHour]:
        ends = self._end_keys("hours")
        if ends is None:
            return []
        first, last = ends
        starts = _multiples(_HOUR, max(start, start_of_hour(first)), min(end, start_of_hour(last) + _HOUR))
        keys = [hour_key(hour, group, column) for hour in starts]
        return [StoredHour(start_of_hour(key), group, column, body) for key, body in self._rows("hours", keys)]

    @override
    def proxy(self, proxy: ProxyId) -> bytes | None:
        rows = self._read("SELECT body FROM proxies WHERE workload = ?", proxy)
        return next((body for (body,) in rows), None)

    @override
    def totals(self) -> Iterable[StoredTotal]:
        return map(StoredTotal._make, self._read("SELECT key, at, body FROM totals"))

    @override
    async def hours_to_compact(self, before: int) -> Sequence[GroupHour]:
        hours: list[GroupHour] = await self._in_thread(partial(self._transact, partial(_hours_to_compact, before)))
        return hours

    @override
    async def save(self, batch: MetricBatch) -> None:
        try:
            await self._in_thread(partial(self._transact, partial(_write, batch)))
        except MetricStoreFault as fault:
            self.fault = str(fault)
            raise
        self.fault = None

    @override
    async def expire(self, hours_before: int, proxies_before: Instant) -> None:
        await self._in_thread(partial(self._transact, partial(_delete_old, hours_before, proxies_before)))
        while await self._in_thread(partial(self._transact, self._delete_oldest_hour)):
            continue
        await self._in_thread(lambda: self._writing.execute("PRAGMA incremental_vacuum").fetchall())

    @override
    async def clear(self) -> None:
        await self._in_thread(partial(self._transact, partial(_delete_all, self._clock.now())))

    @override
    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown)
        self._reading.close()
        self._writing.close()

    def _end_keys(self, table: str) -> tuple[int, int] | None:
        """The first and the last key of a table; None if it is empty. Both from one SELECT would scan the table."""
        statement = f"SELECT (SELECT min(place) FROM {table}), (SELECT max(place) FROM {table})"  # noqa: S608 (our word)
        return next(((first, last) for first, last in self._read(statement) if first is not None), None)

    def _rows(self, table: str, keys: Sequence[int]) -> Iterator[tuple[int, bytes]]:
        """The keys and bodies of those rows of a table that have one of the keys, in the order of the keys."""
        for first in range(0, len(keys), _KEYS_PER_STATEMENT):
            some = keys[first : first + _KEYS_PER_STATEMENT]
            marks = ",".join("?" * len(some))
            statement = f"SELECT place, body FROM {table} WHERE place IN ({marks}) ORDER BY place"  # noqa: S608 (our words)
            yield from self._read(statement, *some)

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        if self._closed:
            return []
        try:
            return self._reading.execute(statement, values).fetchall()
        except SQLITE_ERRORS as error:
            _log.warning("metrics can't be read: %s", error)
            return []

    async def _in_thread(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  the result of the work
        if self._closed:
            raise MetricStoreFault("The metric store is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except SQLITE_ERRORS as error:
            if not is_damage(error):
                remedy = "Free disk space; until then metrics stay in memory."
                sentence = f"Metrics can't be kept in {self._file}: {error}. {remedy}"
                raise MetricStoreFault(sentence) from error
            self._recreate()
            raise MetricStoreFault(f"The metric store was damaged: {error}.") from error

    def _transact(self, work: Callable[[sqlite3.Connection], Any]) -> Any:  # noqa: ANN401
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def _delete_oldest_hour(self, connection: sqlite3.Connection) -> bool:
        """Delete the oldest hour if the file is too full. True when something was deleted."""
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size <= self._limit:
            return False
        oldest = min(_first_minute(connection), _first_hour(connection))
        if oldest == _NEVER:
            return False
        _delete_before(connection, oldest // _HOUR * _HOUR + _HOUR)
        return True

    def _recreate(self) -> None:
        """Set the damaged file aside and create an empty one."""
        for connection in (self._reading, self._writing):
            connection.close()
        self._writing, self._reading = recreate_file(self._file, self._clock.now())


def _multiples(width: int, start: float, end: float) -> Iterable[int]:
    """The multiples of ``width`` with ``start <= multiple < end``."""
    return range(int(-(-start // width) * width), math.ceil(end), width)


def _first_minute(connection: sqlite3.Connection) -> int:
    key = connection.execute("SELECT min(place) FROM minutes").fetchone()[0]
    return _NEVER if key is None else split_minute_key(key)[0]


def _first_hour(connection: sqlite3.Connection) -> int:
    key = connection.execute("SELECT min(place) FROM hours").fetchone()[0]
    return _NEVER if key is None else start_of_hour(key)


def _write(batch: MetricBatch, connection: sqlite3.Connection) -> None:
    many = connection.executemany
    many("INSERT OR REPLACE INTO groups VALUES (?, ?)", batch.groups)
    minutes = ((minute_key(minute.start, minute.group), minute.body) for minute in batch.minutes)
    many("INSERT OR REPLACE INTO minutes VALUES (?, ?)", minutes)
    hours = ((hour_key(hour.start, hour.group, hour.column), hour.body) for hour in batch.hours)
    many("INSERT OR REPLACE INTO hours VALUES (?, ?)", hours)
    many("INSERT OR REPLACE INTO proxies VALUES (?, ?, ?)", batch.proxies)
    many("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", batch.totals)
    many("DELETE FROM groups WHERE number = ?", [(number,) for number in batch.deleted_groups])
    compacted_slots = (
        (minute_key(minute, group),) for group, hour in batch.compacted for minute in range(hour, hour + _HOUR, _MINUTE)
    )
    many("DELETE FROM minutes WHERE place = ?", compacted_slots)


def _delete_before(connection: sqlite3.Connection, start: int) -> None:
    connection.execute("DELETE FROM hours WHERE place < ?", (hour_key(start, 0, 0),))
    connection.execute("DELETE FROM minutes WHERE place < ?", (minute_key(start, 0),))


def _delete_old(hours_before: int, proxies_before: Instant, connection: sqlite3.Connection) -> None:
    _delete_before(connection, hours_before)
    connection.execute("DELETE FROM proxies WHERE at < ?", (proxies_before,))
    connection.execute("DELETE FROM totals WHERE at < ?", (hours_before,))


def _delete_all(now: Instant, connection: sqlite3.Connection) -> None:
    for table in ("groups", "minutes", "hours", "proxies", "totals"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  one of these five names
    connection.execute("UPDATE begun SET at = ?", (now,))


def _hours_to_compact(before: int, connection: sqlite3.Connection) -> list[GroupHour]:
    hour = _first_minute(connection) // _HOUR * _HOUR
    if hour + _HOUR > before:
        return []
    span = (minute_key(hour, 0), minute_key(hour + _HOUR, 0))
    keys = connection.execute("SELECT place FROM minutes WHERE place >= ? AND place < ?", span)
    return [GroupHour(group, hour) for group in sorted({split_minute_key(key)[1] for (key,) in keys})]
