"""The one thread that writes, and the waiting for it.

Promise: rows reach the disk in the order in which they were taken, and ``durable`` returns only
after the commit (and its fsync) that holds everything taken before the call. While one commit is
under way the next rows gather, so any number of waiters share one fsync.

A commit that fails is undone in the file. Nothing is written then until the owner has rolled back what was not written
(``discard``), for it all stands on what is missing; and until a commit of the same size succeeds, which is tried each
second. That is for a disk that takes nothing. Once a flush has failed, or the file is damaged, nothing is ever written
again: the kernel may have dropped the very pages that it could not write, and another try would only look like success.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from moyai.kernel.figures import Times
from moyai.ports.store import StateUnwritable, StoreFault
from moyai.store.checksum import checksum
from moyai.store.faults import may_pass
from moyai.store.live import Row

# An upsert, not REPLACE: a record that changes keeps its place among its kind.
_PUT: Final = (
    "INSERT INTO records (kind, key, body, checksum) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, checksum = excluded.checksum"
)
_DELETE: Final = "DELETE FROM records WHERE kind = ? AND key = ?"
_TRIAL: Final = "INSERT OR REPLACE INTO meta VALUES ('trial', zeroblob(?))"
FORGET_TRIAL: Final = "DELETE FROM meta WHERE name = 'trial'"
_TRY_EVERY: Final = 1.0
_LEAST_TRIED: Final = 64 * 1024
_MOST_TRIED: Final = 4 * 1024 * 1024
_log = logging.getLogger(__name__)


class _Waiter(NamedTuple):
    needs: int
    done: asyncio.Future[None]


class Writer:
    """Owns a connection from here on, and closes it. Called from one event loop only.

    ``where``: the file, for messages. ``failed``: called from the thread when there is something to ``discard``.
    """

    def __init__(self, connection: sqlite3.Connection, where: Path, failed: Callable[[], object]) -> None:
        self._connection = connection
        self._where = where
        self._failed = failed
        self._bell = threading.Condition()
        # Everything below belongs to whoever holds the bell.
        self._queue: list[Row] = []
        self._taken = 0
        self._written = 0
        self._waiting: deque[_Waiter] = deque()
        self._fault: str | None = None
        self._closing = False
        self.commits = Times()
        """How long each commit took. The thread adds to it."""
        self._thread = threading.Thread(target=self._run, name="moyai-store", daemon=True)
        self._thread.start()

    @property
    def fault(self) -> str | None:
        """Why nothing can be written, where, and what to do; None while writing succeeds."""
        with self._bell:
            return self._fault

    @property
    def unwritten(self) -> int:
        """Rows that are not yet known to be on disk."""
        with self._bell:
            return self._taken - self._written

    def require_usable(self) -> None:
        """Raise StoreFault when nothing can be written."""
        with self._bell:
            self._require_open()
            if self._fault is not None:
                raise StateUnwritable(self._fault)

    def take(self, rows: Sequence[Row]) -> None:
        """Write these rows soon. Never fails: ``durable`` tells."""
        with self._bell:
            self._queue.extend(rows)
            self._taken += len(rows)
            self._bell.notify()

    def discard(self) -> None:
        """Forget the rows that are not written, and refuse those who wait for them."""
        with self._bell:
            self._taken = self._written
            self._queue.clear()
            stranded = [waiter.done for waiter in self._waiting]
            self._waiting.clear()
            fault = self._fault
            self._bell.notify()
        _release(stranded, fault)

    async def durable(self) -> None:
        """Return when every row taken so far is on disk; StateUnwritable when one can't be."""
        with self._bell:
            self._require_open()
            if self._written >= self._taken:
                return
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiter(self._taken, done))
        await done

    async def close(self) -> None:
        """Write what is left and close the connection."""
        with self._bell:
            self._closing = True
            self._bell.notify()
        await asyncio.to_thread(self._thread.join)

    def _require_open(self) -> None:
        if self._closing:
            raise StoreFault("The store is closed.")

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                try:
                    self._commit(batch)
                except sqlite3.Error as error:
                    self._undo()
                    self._fail(error)
                    if not may_pass(error) or not self._try_until_written(batch):
                        return
                else:
                    self._acknowledge(len(batch))
        except Exception as exc:  # noqa: BLE001 (the thread's top: whatever it was, nobody may wait for ever)
            self._fail(exc)
        finally:
            with suppress(sqlite3.Error):  # what is committed is safe; the next opening tidies up
                self._connection.close()

    def _next_batch(self) -> list[Row]:
        """Everything that has gathered; waits for it; empty only when there will be no more."""
        with self._bell:
            self._bell.wait_for(lambda: self._queue or self._closing)
            batch, self._queue = self._queue, []
            return batch

    def _commit(self, batch: Sequence[Row]) -> None:
        began = time.perf_counter()
        self._connection.execute("BEGIN IMMEDIATE")
        for (table, key), body in batch:
            if body is None:
                self._connection.execute(_DELETE, (table, key))
            else:
                self._connection.execute(_PUT, (table, key, body, checksum(table, key, body)))
        self._connection.execute("COMMIT")
        self.commits.add(time.perf_counter() - began)

    def _undo(self) -> None:
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _try_until_written(self, batch: Sequence[Row]) -> bool:
        """Return when as much as the batch can be written again and what it stood on is discarded; False at the end.

        Raises what does not pass.
        """
        size = min(max(_LEAST_TRIED, sum(len(body or b"") for _, body in batch)), _MOST_TRIED)
        while True:
            with self._bell:
                if self._bell.wait_for(lambda: self._closing, _TRY_EVERY):
                    return False
                if self._taken > self._written:
                    continue
            try:
                self._connection.execute(_TRIAL, (size,))
                self._connection.execute(FORGET_TRIAL)
            except sqlite3.Error as error:
                self._undo()
                if not may_pass(error):
                    raise
            else:
                self._recover()
                return True

    def _acknowledge(self, rows: int) -> None:
        with self._bell:
            self._written += rows
            ready = []
            while self._waiting and self._waiting[0].needs <= self._written:
                ready.append(self._waiting.popleft().done)
        if ready:
            with suppress(RuntimeError):  # their loop may be gone already
                ready[0].get_loop().call_soon_threadsafe(_release, ready, None)

    def _fail(self, failure: Exception) -> None:
        passes = isinstance(failure, sqlite3.Error) and may_pass(failure)
        remedy = "Give it room; changes are then taken again." if passes else "Mend that, then start moyai again."
        fault = f"The state in {self._where} can't be written: {failure}. {remedy}"
        with self._bell:
            self._fault = fault
        _log.error("%s", fault)
        with suppress(RuntimeError):  # the owner's loop may be gone already
            self._failed()

    def _recover(self) -> None:
        with self._bell:
            self._fault = None
        _log.warning("the state in %s can be written again", self._where)


def _release(waiters: Sequence[asyncio.Future[None]], fault: str | None) -> None:
    for done in waiters:
        if done.done():  # its caller was cancelled
            continue
        if fault is None:
            done.set_result(None)
        else:
            done.set_exception(StateUnwritable(fault))
