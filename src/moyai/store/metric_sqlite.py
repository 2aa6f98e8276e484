"""Metrics on disk: a SQLite database beside the world's, written by a thread of its own.

Promise: ``ports/metric_store``. Reading goes on while something is written, from a connection of its own in the thread
that asks: a metric's day is a few dozen look-ups by key. Nothing is read at opening but the groups' names, so a long
history does not slow a start.
"""

from __future__ import annotations

import asyncio
import logging
import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import ProxyId
from moyai.ports.metric_store import Fold, KeptGroup, KeptHour, KeptMinute, KeptTotal, MetricBatch, MetricStoreFault
from moyai.store.faults import SQLITE_ERRORS, is_damage
from moyai.store.metric_schema import hour_of, hour_place, minute_of, minute_place, open_file, renew

_HOUR: Final = 3600
_NEVER: Final = 2**62
_log = logging.getLogger(__name__)


class SqliteMetricStore:
    """A ``MetricStore`` on disk. Made by ``open``. ``limit``: bytes of the file that may be in use."""

    def __init__(self, file: Path, limit: int, clock: Clock) -> None:
        self._file, self._limit, self._clock = file, limit, clock
        self._writing, self._reading = open_file(file, clock.now())
        self._thread = ThreadPoolExecutor(1, "moyai-metrics-write")
        self._closed = False
        self.fault: str | None = None
        """See ``MetricStore.fault``."""

    @classmethod
    def open(cls, file: Path, limit: int, clock: Clock) -> Self:
        """Open what was kept, or begin anew. Raises MetricStoreFault when there can't be a file at all."""
        return cls(file, limit, clock)

    @property
    def since(self) -> Instant:
        """See ``MetricStore.since``."""
        return Instant(next((at for (at,) in self._read("SELECT at FROM begun")), 0.0))

    def groups(self) -> Iterable[KeptGroup]:
        """See ``MetricStore.groups``."""
        return map(KeptGroup._make, self._read("SELECT number, body FROM groups ORDER BY number"))

    def minutes(self, group: int, start: float, end: float) -> Sequence[KeptMinute]:
        """See ``MetricStore.minutes``."""
        first, last = (self._end("minutes", which) for which in ("min", "max"))
        if first is None or last is None:
            return []
        moments = _moments(60, max(start, minute_of(first)[0]), min(end, minute_of(last)[0] + 60))
        return [
            KeptMinute(moment, group, body)
            for moment in moments
            for (body,) in self._read("SELECT body FROM minutes WHERE place = ?", minute_place(moment, group))
        ]

    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[KeptHour]:
        """See ``MetricStore.hours``."""
        first, last = (self._end("hours", which) for which in ("min", "max"))
        if first is None or last is None:
            return []
        moments = _moments(_HOUR, max(start, hour_of(first)), min(end, hour_of(last) + _HOUR))
        return [
            KeptHour(moment, group, column, body)
            for moment in moments
            for (body,) in self._read("SELECT body FROM hours WHERE place = ?", hour_place(moment, group, column))
        ]

    def proxy(self, proxy: ProxyId) -> bytes | None:
        """See ``MetricStore.proxy``."""
        rows = self._read("SELECT body FROM proxies WHERE workload = ?", proxy)
        return next((body for (body,) in rows), None)

    def totals(self) -> Iterable[KeptTotal]:
        """See ``MetricStore.totals``."""
        return map(KeptTotal._make, self._read("SELECT key, at, body FROM totals"))

    async def unfolded(self, before: int) -> Sequence[Fold]:
        """See ``MetricStore.unfolded``."""
        found: list[Fold] = await self._in_thread(partial(self._transact, partial(_unfolded, before)))
        return found

    async def keep(self, batch: MetricBatch) -> None:
        """See ``MetricStore.keep``."""
        try:
            await self._in_thread(partial(self._transact, partial(_write, batch)))
        except MetricStoreFault as fault:
            self.fault = str(fault)
            raise
        self.fault = None

    async def expire(self, hours_before: int, proxies_before: Instant) -> None:
        """See ``MetricStore.expire``."""
        await self._in_thread(partial(self._transact, partial(_drop_old, hours_before, proxies_before)))
        while await self._in_thread(partial(self._transact, self._make_room)):
            continue
        await self._in_thread(lambda: self._writing.execute("PRAGMA incremental_vacuum").fetchall())

    async def clear(self) -> None:
        """See ``MetricStore.clear``."""
        await self._in_thread(partial(self._transact, partial(_drop_all, self._clock.now())))

    async def close(self) -> None:
        """See ``MetricStore.close``."""
        if self._closed:
            return
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown)
        self._reading.close()
        self._writing.close()

    def _end(self, table: str, which: str) -> int | None:
        """The first or the last place of a table: two of these are two look-ups, together they would be a scan."""
        rows = self._read(f"SELECT {which}(place) FROM {table}")  # noqa: S608  two words of ours
        return next((place for (place,) in rows), None)

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        if self._closed:
            return []
        try:
            return self._reading.execute(statement, values).fetchall()
        except SQLITE_ERRORS as error:
            _log.warning("metrics can't be read: %s", error)
            return []

    async def _in_thread(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the work returns
        if self._closed:
            raise MetricStoreFault("The metric store is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except SQLITE_ERRORS as error:
            if not is_damage(error):
                sentence = f"Metrics can't be kept in {self._file}: {error}. Give it room; they wait in memory."
                raise MetricStoreFault(sentence) from error
            self._begin_anew()
            raise MetricStoreFault(f"The metric store was damaged: {error}.", begun_anew=True) from error

    def _transact(self, work: Callable[[sqlite3.Connection], Any]) -> Any:  # noqa: ANN401
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")
        try:
            done = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return done

    def _make_room(self, connection: sqlite3.Connection) -> bool:
        """Drop the oldest hour there is when the file is too full; whether it was."""
        pages, free, size = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        if (pages - free) * size <= self._limit:
            return False
        firsts = [_first_minute(connection), _first_hour(connection)]
        oldest = min(firsts) // _HOUR * _HOUR
        if min(firsts) == _NEVER:
            return False
        _drop_before(connection, oldest + _HOUR)
        return True

    def _begin_anew(self) -> None:
        """After the thread has found the file damaged."""
        for connection in (self._reading, self._writing):
            connection.close()
        self._writing, self._reading = renew(self._file, self._clock.now())


def _moments(width: int, start: float, end: float) -> Iterable[int]:
    """Multiples of the width in the span."""
    return range(int(-(-start // width) * width), math.ceil(end), width)


def _first_minute(connection: sqlite3.Connection) -> int:
    place = connection.execute("SELECT min(place) FROM minutes").fetchone()[0]
    return _NEVER if place is None else minute_of(place)[0]


def _first_hour(connection: sqlite3.Connection) -> int:
    place = connection.execute("SELECT min(place) FROM hours").fetchone()[0]
    return _NEVER if place is None else hour_of(place)


def _write(batch: MetricBatch, connection: sqlite3.Connection) -> None:
    many = connection.executemany
    many("INSERT OR REPLACE INTO groups VALUES (?, ?)", batch.groups)
    minutes = ((minute_place(one.start, one.group), one.body) for one in batch.minutes)
    many("INSERT OR REPLACE INTO minutes VALUES (?, ?)", minutes)
    hours = ((hour_place(one.start, one.group, one.column), one.body) for one in batch.hours)
    many("INSERT OR REPLACE INTO hours VALUES (?, ?)", hours)
    many("INSERT OR REPLACE INTO proxies VALUES (?, ?, ?)", batch.proxies)
    many("INSERT OR REPLACE INTO totals VALUES (?, ?, ?)", batch.totals)
    many("DELETE FROM groups WHERE number = ?", [(number,) for number in batch.forgotten])
    gone = ((minute_place(at, group),) for group, hour in batch.folded for at in range(hour, hour + _HOUR, 60))
    many("DELETE FROM minutes WHERE place = ?", gone)


def _drop_before(connection: sqlite3.Connection, start: int) -> None:
    connection.execute("DELETE FROM hours WHERE place < ?", (hour_place(start, 0, 0),))
    connection.execute("DELETE FROM minutes WHERE place < ?", (minute_place(start, 0),))


def _drop_old(hours_before: int, proxies_before: Instant, connection: sqlite3.Connection) -> None:
    _drop_before(connection, hours_before)
    connection.execute("DELETE FROM proxies WHERE at < ?", (proxies_before,))
    connection.execute("DELETE FROM totals WHERE at < ?", (hours_before,))


def _drop_all(now: Instant, connection: sqlite3.Connection) -> None:
    for table in ("groups", "minutes", "hours", "proxies", "totals"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608  one of five words
    connection.execute("UPDATE begun SET at = ?", (now,))


def _unfolded(before: int, connection: sqlite3.Connection) -> list[Fold]:
    hour = _first_minute(connection) // _HOUR * _HOUR
    if hour + _HOUR > before:
        return []
    span = (minute_place(hour, 0), minute_place(hour + _HOUR, 0))
    places = connection.execute("SELECT place FROM minutes WHERE place >= ? AND place < ?", span)
    return [Fold(group, hour) for group in sorted({minute_of(place)[1] for (place,) in places})]
