"""The thread that writes the store's database, and how callers wait for it.

Promise: rows are written in the order in which they were added, and ``durable`` returns only after the commit (and its
fsync) of everything that was added before the call. Rows that are added during a commit are written by the next one, so
any number of callers share one fsync.

A failed commit is rolled back in the file. Nothing more is written until the owner has rolled back the unwritten
changes in memory (``discard``), because later changes depend on them, and until a trial write of the same size, which
is repeated each second, has succeeded. So writing continues by itself after the disk was full. After a failed flush, or
with a damaged file, nothing is written any more: the kernel may have dropped the very pages that it could not write,
and another try would only seem to succeed.
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

from moyai.kernel.metrics import DurationHistogram
from moyai.ports.store import StateUnwritable, StoreFault
from moyai.store.codec import checksum
from moyai.store.faults import may_pass
from moyai.store.live import StoredRow

# An upsert, not REPLACE, so that a changed record keeps its position in its table.
_PUT: Final = (
    "INSERT INTO records (kind, key, body, checksum) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body, checksum = excluded.checksum"
)
_DELETE: Final = "DELETE FROM records WHERE kind = ? AND key = ?"
_TRIAL: Final = "INSERT OR REPLACE INTO meta VALUES ('trial', zeroblob(?))"
FORGET_TRIAL: Final = "DELETE FROM meta WHERE name = 'trial'"
_TRIAL_INTERVAL: Final = 1.0
_MIN_TRIAL: Final = 64 * 1024
_MAX_TRIAL: Final = 4 * 1024 * 1024
_log = logging.getLogger(__name__)


class _Waiter(NamedTuple):
    needs: int
    done: asyncio.Future[None]


class Writer:
    """Owns a connection, and closes it. Called from one event loop only.

    ``where``: the file, for messages. ``on_failure``: called in the writing thread when the owner has to ``discard``.
    """

    def __init__(self, connection: sqlite3.Connection, where: Path, on_failure: Callable[[], object]) -> None:
        self._connection = connection
        self._where = where
        self._failed = on_failure
        self._condition = threading.Condition()
        # The condition's lock protects everything below.
        self._queue: list[StoredRow] = []
        self._added = 0
        self._written = 0
        self._waiting: deque[_Waiter] = deque()
        self._fault: str | None = None
        self._closing = False
        self.commits = DurationHistogram()
        """The duration of each commit; the writing thread adds to it."""
        self._thread = threading.Thread(target=self._run, name="moyai-store", daemon=True)
        self._thread.start()

    @property
    def fault(self) -> str | None:
        """Why the file can't be written, and what to do; None while writing succeeds."""
        with self._condition:
            return self._fault

    @property
    def unwritten(self) -> int:
        """The number of rows that are not yet known to be on disk."""
        with self._condition:
            return self._added - self._written

    def require_usable(self) -> None:
        """Raise StoreFault when nothing can be written."""
        with self._condition:
            self._require_open()
            if self._fault is not None:
                raise StateUnwritable(self._fault)

    def add(self, rows: Sequence[StoredRow]) -> None:
        """Add rows to the queue. It never fails; ``durable`` raises when they can't be written."""
        with self._condition:
            self._queue.extend(rows)
            self._added += len(rows)
            self._condition.notify()

    def discard(self) -> None:
        """Drop the unwritten rows, and fail the calls that wait for them."""
        with self._condition:
            self._added = self._written
            self._queue.clear()
            waiting = [waiter.done for waiter in self._waiting]
            self._waiting.clear()
            fault = self._fault
            self._condition.notify()
        _release(waiting, fault)

    async def durable(self) -> None:
        """Return when every row that was added is on disk. Raises StateUnwritable when one can't be written."""
        with self._condition:
            self._require_open()
            if self._written >= self._added:
                return
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiter(self._added, done))
        await done

    async def close(self) -> None:
        """Write the remaining rows and close the connection."""
        with self._condition:
            self._closing = True
            self._condition.notify()
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
        except Exception as exc:  # noqa: BLE001 (the thread's top level: whatever failed, no call may wait for ever)
            self._fail(exc)
        finally:
            with suppress(sqlite3.Error):  # committed rows are safe anyway
                self._connection.close()

    def _next_batch(self) -> list[StoredRow]:
        """Wait for rows and return all of them; none only when the writer is closing and no rows are left."""
        with self._condition:
            self._condition.wait_for(lambda: self._queue or self._closing)
            batch, self._queue = self._queue, []
            return batch

    def _commit(self, batch: Sequence[StoredRow]) -> None:
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

    def _try_until_written(self, batch: Sequence[StoredRow]) -> bool:
        """Return True when as many bytes as the batch's can be written again and the unwritten rows are discarded, and
        False when the writer is closed. Raises errors that do not pass.
        """
        size = min(max(_MIN_TRIAL, sum(len(body or b"") for _, body in batch)), _MAX_TRIAL)
        while True:
            with self._condition:
                if self._condition.wait_for(lambda: self._closing, _TRIAL_INTERVAL):
                    return False
                if self._added > self._written:
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
        with self._condition:
            self._written += rows
            ready = []
            while self._waiting and self._waiting[0].needs <= self._written:
                ready.append(self._waiting.popleft().done)
        if ready:
            with suppress(RuntimeError):  # their loop may have ended
                ready[0].get_loop().call_soon_threadsafe(_release, ready, None)

    def _fail(self, failure: Exception) -> None:
        passes = isinstance(failure, sqlite3.Error) and may_pass(failure)
        remedy = "Free disk space; moyai then accepts changes again." if passes else "Repair this, then restart moyai."
        fault = f"The state in {self._where} can't be written: {failure}. {remedy}"
        with self._condition:
            self._fault = fault
        _log.error("%s", fault)
        with suppress(RuntimeError):  # the owner's loop may have ended
            self._failed()

    def _recover(self) -> None:
        with self._condition:
            self._fault = None
        _log.warning("the state in %s can be written again", self._where)


def _release(waiters: Sequence[asyncio.Future[None]], fault: str | None) -> None:
    for waiter in waiters:
        if waiter.done():  # its caller was cancelled
            continue
        if fault is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(StateUnwritable(fault))
