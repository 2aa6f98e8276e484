"""The sandboxes whose changes one reader of a simulated runtime has not read yet.

Promise: a change costs a look at the sandbox that it concerns, however many others there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from heapq import heappop, heappush

from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import TaskId


class ChangeQueue:
    """The sandboxes that were changed, and those that change by themselves at a known moment."""

    def __init__(self, clock: Clock, tasks: Iterable[TaskId]) -> None:
        self._clock = clock
        self._changed = set(tasks)
        self._scheduled: list[tuple[Instant, TaskId]] = []
        self._event = asyncio.Event()

    def notify(self, task: TaskId) -> None:
        """Add a sandbox that was changed."""
        self._changed.add(task)
        self._event.set()

    def schedule(self, task: TaskId, at: Instant) -> None:
        """Add a sandbox that will change at this moment."""
        heappush(self._scheduled, (at, task))

    def take(self) -> list[TaskId]:
        """Remove and return the sandboxes to look at now, in order."""
        self._event.clear()
        now = self._clock.now()
        while self._scheduled and self._scheduled[0][0] <= now:
            self._changed.add(heappop(self._scheduled)[1])
        tasks, self._changed = sorted(self._changed), set()
        return tasks

    async def wait(self) -> None:
        """Wait until there is something to take."""
        if not self._scheduled:
            await self._event.wait()
            return
        delay = Seconds(self._scheduled[0][0] - self._clock.now())
        waits = [asyncio.ensure_future(self._event.wait()), asyncio.ensure_future(self._clock.sleep(delay))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
