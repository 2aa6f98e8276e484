"""The one thread that writes, and the waiting for it.

Promise: rows reach the disk in the order in which they were taken, and ``durable`` returns only
after the commit (and its fsync) that holds everything taken before the call. While one commit is
under way the next rows gather, so any number of waiters share one fsync. After the first failure
nothing is written and nothing is acknowledged any more: once fsync has failed, the kernel may have
dropped the very pages it could not write, and trying again would only look like success.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from moyai.kernel.figures import Times
from moyai.ports.store import StoreFault
from moyai.store.live import Row

# An upsert, not REPLACE: a record that changes keeps its place among its kind.
_PUT: Final = (
    "INSERT INTO records (kind, key, body) VALUES (?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body"
)
_DELETE: Final = "DELETE FROM records WHERE kind = ? AND key = ?"


class _Waiter(NamedTuple):
    needs: int
    done: asyncio.Future[None]


class Writer:
    """Owns a connection from here on, and closes it. Called from one event loop only."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._bell = threading.Condition()
        # Everything below belongs to whoever holds the bell.
        self._queue: list[Row] = []
        self._taken = 0
        self._written = 0
        self._waiting: deque[_Waiter] = deque()
        self._failure: Exception | None = None
        self._closing = False
        self.commits = Times()
        """How long each commit took. The thread adds to it."""
        self._thread = threading.Thread(target=self._run, name="moyai-store", daemon=True)
        self._thread.start()

    def require_usable(self) -> None:
        """Raise StoreFault when nothing can be written any more."""
        with self._bell:
            self._refuse_when_broken()
            if self._closing:
                raise StoreFault("The store is closed.")

    def take(self, rows: Sequence[Row]) -> None:
        """Write these rows soon. Never fails: ``durable`` tells."""
        with self._bell:
            self._queue.extend(rows)
            self._taken += len(rows)
            self._bell.notify()

    async def durable(self) -> None:
        """Return when every row taken so far is on disk; StoreFault when one can't be."""
        with self._bell:
            self._refuse_when_broken()
            if self._written >= self._taken:
                return
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(_Waiter(self._taken, done))
        await done

    async def close(self) -> None:
        """Write what is left and close the connection; StoreFault when something could not be written."""
        with self._bell:
            self._closing = True
            self._bell.notify()
        await asyncio.to_thread(self._thread.join)
        with self._bell:
            self._refuse_when_broken()

    def _refuse_when_broken(self) -> None:
        if self._failure is not None:
            raise _refusal(self._failure) from self._failure

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._commit(batch)
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
                self._connection.execute(_PUT, (table, key, body))
        self._connection.execute("COMMIT")
        self.commits.add(time.perf_counter() - began)

    def _acknowledge(self, rows: int) -> None:
        with self._bell:
            self._written += rows
            ready = []
            while self._waiting and self._waiting[0].needs <= self._written:
                ready.append(self._waiting.popleft().done)
        _settle(ready, None)

    def _fail(self, failure: Exception) -> None:
        with self._bell:
            self._failure = failure
            self._queue.clear()
            stranded = [waiter.done for waiter in self._waiting]
            self._waiting.clear()
        _settle(stranded, failure)


def _refusal(failure: Exception) -> StoreFault:
    return StoreFault(f"The state can't be written: {failure}. Free the disk's trouble, then start moyai again.")


def _settle(waiters: Sequence[asyncio.Future[None]], failure: Exception | None) -> None:
    """Release the waiters in their loop, which may be gone already."""
    if waiters:
        with suppress(RuntimeError):
            waiters[0].get_loop().call_soon_threadsafe(_release, waiters, failure)


def _release(waiters: Sequence[asyncio.Future[None]], failure: Exception | None) -> None:
    for done in waiters:
        if done.done():  # its caller was cancelled
            continue
        if failure is None:
            done.set_result(None)
        else:
            error = _refusal(failure)
            error.__cause__ = failure
            done.set_exception(error)
