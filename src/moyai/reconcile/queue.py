"""A queue of keys.

Promise: a key that is added while it waits is one item; one that is added while it is worked on comes
again afterwards and never runs twice at once. A key may also be due at an instant; the newest word on
that counts. After a failure the key comes again, later each time, up to LONGEST_BACKOFF.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from heapq import heappop, heappush
from typing import Any, NoReturn

from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.metrics import Counter
from moyai.ports.store import StateUnwritable
from moyai.reconcile.waiting import first_of

FIRST_BACKOFF = 0.5
"""Seconds."""
LONGEST_BACKOFF = 60.0
"""Seconds."""
UNWRITABLE_BACKOFF = 5.0
"""Seconds at the most while nothing can be written: what waits for that goes on soon after."""

_log = logging.getLogger(__name__)


class WorkQueue:
    """Keys to work on. Used from one event loop only; ``run_timers`` must be running."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._line: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: set[str] = set()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self._failures: dict[str, int] = {}
        self._due: dict[str, Instant] = {}
        self._timers: list[tuple[Instant, str]] = []
        self._sooner = asyncio.Event()
        self.figures = Counter()
        """Keys that were worked on: ``done`` or ``failed``."""

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is being worked on."""
        return not self._waiting and not self._running

    @property
    def length(self) -> int:
        """Keys that wait."""
        return len(self._waiting)

    def add(self, key: str) -> None:
        """Have the key worked on soon."""
        if key in self._running:
            self._again.add(key)
        elif key not in self._waiting:
            self._waiting.add(key)
            self._line.put_nowait(key)

    async def take(self) -> str:
        """The next key; it is being worked on until ``done`` or ``failed``."""
        key = await self._line.get()
        self._waiting.discard(key)
        self._running.add(key)
        return key

    def done(self, key: str, wake_at: Instant | None = None) -> None:
        """The key was worked on; it comes again at ``wake_at``, or when it is added."""
        self.figures.add("done")
        self._failures.pop(key, None)
        self._set_timer(key, wake_at)
        self._finish(key)

    def failed(self, key: str, longest: float = LONGEST_BACKOFF) -> None:
        """Working on the key failed; it comes again after a while, within ``longest`` seconds."""
        self.figures.add("failed")
        count = self._failures.get(key, 0)
        self._failures[key] = count + 1
        delay = min(longest, FIRST_BACKOFF * 2.0 ** min(count, 10))
        self._set_timer(key, later(self._clock.now(), delay))
        self._again.discard(key)
        self._finish(key)

    async def serve(
        self,
        follow: Coroutine[Any, Any, None],
        bring_on: Callable[[str], Awaitable[Instant | None]],
        what: str,
        *,
        workers: int = 1,
    ) -> None:
        """Run the timers, ``follow``, which adds keys, and so many workers (see ``work``), until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.run_timers())
            group.create_task(follow)
            for _ in range(workers):
                group.create_task(self.work(bring_on, what))

    async def work(self, bring_on: Callable[[str], Awaitable[Instant | None]], what: str) -> NoReturn:
        """Have one key after the other brought on, until cancelled. ``bring_on`` returns when to come again.

        A failure stays with its key and holds up no other: it is logged, as one of ``what``.
        """
        while True:
            key = await self.take()
            try:
                wake_at = await bring_on(key)
            except StateUnwritable as fault:
                _log.warning("%s %s: will be tried again: %s", what, key, fault)
                self.failed(key, UNWRITABLE_BACKOFF)
            except Exception:  # noqa: BLE001 (the top of every loop that works on keys)
                _log.exception("%s %s: will be tried again", what, key)
                self.failed(key)
            else:
                self.done(key, wake_at)

    async def run_timers(self) -> None:
        """Add keys when they are due, for ever."""
        while True:
            self._sooner.clear()
            now = self._clock.now()
            while self._timers and self._timers[0][0] <= now:
                at, key = heappop(self._timers)
                if self._due.get(key) == at:
                    del self._due[key]
                    self.add(key)
            if self._timers:
                delay = Seconds(self._timers[0][0] - now)
                await first_of(self._sooner.wait(), self._clock.sleep(delay))
            else:
                await self._sooner.wait()

    def _set_timer(self, key: str, at: Instant | None) -> None:
        if at is None:
            self._due.pop(key, None)
            return
        if self._due.get(key) == at:
            return
        self._due[key] = at
        if not self._timers or at < self._timers[0][0]:
            self._sooner.set()
        heappush(self._timers, (at, key))

    def _finish(self, key: str) -> None:
        self._running.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
