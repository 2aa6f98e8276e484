"""A work queue of keys.

Promise: a key that is added while it waits is queued once. A key that is added while a worker has it is queued again
afterwards; no two workers ever have one key. A key may also be scheduled for an instant; a newer instant
replaces it. After a failure a key is retried with increasing delays of up to LONGEST_BACKOFF.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from heapq import heappop, heappush
from typing import Any, NoReturn

from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.metrics import Counter
from moyai.ports.store import Key, StateUnwritable, Store

FIRST_BACKOFF = 0.5
"""Seconds."""
LONGEST_BACKOFF = 60.0
"""Seconds."""
UNWRITABLE_BACKOFF = 5.0
"""Seconds at the most while the state can't be written, so that work continues soon after it can."""

Work = Callable[[str], Awaitable[Instant | None]]
"""Works on a key, and returns when the key is due again."""
SelectKeys = Callable[[Iterable[Key]], Iterable[str]]
"""The keys to work on after changes of these records."""
_log = logging.getLogger(__name__)


class WorkQueue:
    """Keys to work on. Used from one event loop only; ``run_timers`` must be running."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._failures: dict[str, int] = {}
        self._due: dict[str, Instant] = {}
        self._timers: list[tuple[Instant, str]] = []
        self._earlier_timer = asyncio.Event()
        self.outcomes = Counter()
        """Counts the keys that workers have finished: ``done`` or ``failed``."""

    @property
    def idle(self) -> bool:
        """Whether no key waits or is being worked on."""
        return not self._waiting and not self._running

    @property
    def length(self) -> int:
        """The number of keys that wait."""
        return len(self._waiting)

    def add(self, key: str) -> None:
        """Queue a key. A key that is being worked on is queued again afterwards."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._queue.put_nowait(key)

    async def take(self) -> str:
        """The next key, to be worked on until ``mark_done`` or ``mark_failed``."""
        key = await self._queue.get()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def mark_done(self, key: str, wake_at: Instant | None = None) -> None:
        """Record a success. The key is queued again at ``wake_at``, or when it is added."""
        self.outcomes.add("done")
        self._failures.pop(key, None)
        self._set_timer(key, wake_at)
        self._finish(key)

    def mark_failed(self, key: str, longest: float = LONGEST_BACKOFF) -> None:
        """Record a failure. The key is queued again after a delay of at most ``longest`` seconds."""
        self.outcomes.add("failed")
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = min(longest, FIRST_BACKOFF * 2.0 ** min(count, 10))
        self._set_timer(key, later(self._clock.now(), delay))
        self._again.discard(key)
        self._finish(key)

    async def serve(self, store: Store, select: SelectKeys, work: Work, work_name: str, *, workers: int = 1) -> None:
        """Add the keys that ``select`` returns for each change of the store, and run the timers and the workers (see
        ``run_worker``), until cancelled.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self.run_timers())
            group.create_task(self._follow(store, select))
            for _ in range(workers):
                group.create_task(self.run_worker(work, work_name))

    async def _follow(self, store: Store, select: SelectKeys) -> None:
        async for keys in store.watch():
            for key in sorted(select(keys)):
                self.add(key)

    async def run_worker(self, work: Work, work_name: str) -> NoReturn:
        """Work on one key after the other until cancelled. A failure is logged and does not block other keys.
        ``work_name``: for the log.
        """
        while True:
            key = await self.take()
            try:
                wake_at = await work(key)
            except StateUnwritable as fault:
                _log.warning("%s %s: will be tried again: %s", work_name, key, fault)
                self.mark_failed(key, UNWRITABLE_BACKOFF)
            except Exception:  # noqa: BLE001 (the top of every loop that works on keys)
                _log.exception("%s %s: will be tried again", work_name, key)
                self.mark_failed(key)
            else:
                self.mark_done(key, wake_at)

    async def run_timers(self) -> None:
        """Queue keys when they are due, until cancelled."""
        while True:
            self._earlier_timer.clear()
            now = self._clock.now()
            while self._timers and self._timers[0][0] <= now:
                at, key = heappop(self._timers)
                if self._due.get(key) == at:
                    del self._due[key]
                    self.add(key)
            if self._timers:
                delay = Seconds(self._timers[0][0] - now)
                await _wait_for_first(self._earlier_timer.wait(), self._clock.sleep(delay))
            else:
                await self._earlier_timer.wait()

    def _set_timer(self, key: str, at: Instant | None) -> None:
        if at is None:
            self._due.pop(key, None)
            return
        if self._due.get(key) == at:
            return
        self._due[key] = at
        if not self._timers or at < self._timers[0][0]:
            self._earlier_timer.set()
        heappush(self._timers, (at, key))

    def _finish(self, key: str) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)


async def _wait_for_first(*waits: Coroutine[Any, Any, Any]) -> None:
    """Return when one of these has ended; cancel the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
