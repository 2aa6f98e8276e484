"""What one reader of a simulated runtime's changes has yet to look at.

Promise: a change costs a look at the sandbox that it concerns, however many others there are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from heapq import heappop, heappush

from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import TaskId


class Watch:
    """The sandboxes that were touched, and those that will look different by themselves at a known moment."""

    def __init__(self, clock: Clock, tasks: Iterable[TaskId]) -> None:
        self._clock = clock
        self._touched = set(tasks)
        self._due: list[tuple[Instant, TaskId]] = []
        self._bell = asyncio.Event()

    def ring(self, task: TaskId) -> None:
        """Something was done to this sandbox."""
        self._touched.add(task)
        self._bell.set()

    def expect(self, task: TaskId, at: Instant) -> None:
        """The sandbox will look different at this moment."""
        heappush(self._due, (at, task))

    def take(self) -> list[TaskId]:
        """Those to look at now, in order."""
        self._bell.clear()
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            self._touched.add(heappop(self._due)[1])
        taken, self._touched = sorted(self._touched), set()
        return taken

    async def wait(self) -> None:
        """Return when there is something to take."""
        if not self._due:
            await self._bell.wait()
            return
        delay = Seconds(self._due[0][0] - self._clock.now())
        waits = [asyncio.ensure_future(self._bell.wait()), asyncio.ensure_future(self._clock.sleep(delay))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
