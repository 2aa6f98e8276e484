"""The sandboxes whose changes one reader of a simulated runtime has not read yet.

Promise: for a change only the sandbox that it concerns is read, however many others there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from heapq import heappop, heappush

from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import TaskId


class ChangeQueue:
    """The sandboxes that have changed, and those that will change at a known time."""

    def __init__(self, clock: Clock, tasks: Iterable[TaskId]) -> None:
        self._clock = clock
        self._ready = set(tasks)
        self._timers: list[tuple[Instant, TaskId]] = []
        self._event = asyncio.Event()

    def notify(self, task: TaskId) -> None:
        """Add a sandbox that was changed."""
        self._ready.add(task)
        self._event.set()

    def schedule(self, task: TaskId, at: Instant) -> None:
        """Add a sandbox that will change at this moment."""
        heappush(self._timers, (at, task))

    def take(self) -> list[TaskId]:
        """Remove and return the sandboxes to read now, in order."""
        self._event.clear()
        now = self._clock.now()
        while self._timers and self._timers[0][0] <= now:
            self._ready.add(heappop(self._timers)[1])
        tasks, self._ready = sorted(self._ready), set()
        return tasks

    async def wait(self) -> None:
        """Wait until there is something to take."""
        if not self._timers:
            await self._event.wait()
            return
        delay = Seconds(self._timers[0][0] - self._clock.now())
        waits = [asyncio.ensure_future(self._event.wait()), asyncio.ensure_future(self._clock.sleep(delay))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
