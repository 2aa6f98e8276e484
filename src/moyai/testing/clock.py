"""A clock that a test advances.

Promise: time stands still while any task can run, and jumps to the next instant that a task waits for when the test
advances it. An hour of retries takes milliseconds, and the same run has the same times. A task that waits for something
outside the event loop (a thread, a socket) does not count as running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count

from typing_extensions import override

from moyai.kernel.clock import Clock, Instant, Seconds, later

EPOCH = Instant(1_800_000_000.0)
"""The instant at which a manual clock starts."""

_CYCLES = 60
"""Cycles of the event loop after which it counts as idle: more than any chain of awaits between two waits for the clock
has."""


class ManualClock(Clock):
    """A ``Clock`` that only the test advances."""

    def __init__(self, start: Instant = EPOCH) -> None:
        self._now = start
        self._sleepers: list[tuple[Instant, int, asyncio.Future[None]]] = []
        self._order = count()
        self._has_yielded = False
        """Whether a task has let others run since this was last looked at, and goes on without the clock."""

    @override
    def now(self) -> Instant:
        return self._now

    @override
    async def sleep(self, delay: Seconds) -> None:
        if delay <= 0:
            self._has_yielded = True
            await _Yield()
            return
        woken = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (later(self._now, delay), next(self._order), woken))
        await woken

    @property
    def next_moment(self) -> Instant | None:
        """When the next sleeper is due; None when there is none."""
        while self._sleepers and self._sleepers[0][2].done():
            heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    async def settle(self) -> None:
        """Return when all tasks wait, without moving the clock."""
        idle_cycles = 0
        while idle_cycles < _CYCLES:
            self._has_yielded = False
            await _Yield()
            idle_cycles = 0 if self._has_yielded else idle_cycles + 1

    def turn_to(self, moment: Instant) -> None:
        """Set the clock, never back, and wake the sleepers that are due; none runs before the next await."""
        self._now = max(self._now, moment)
        while self.next_moment is not None and self._sleepers[0][0] <= self._now:
            heappop(self._sleepers)[2].set_result(None)

    def jump(self, seconds: float) -> None:
        """Set the clock forward or back, as an administrator does; the remaining time of sleepers is unchanged."""
        self._now = later(self._now, seconds)
        self._sleepers = [(later(moment, seconds), number, woken) for moment, number, woken in self._sleepers]

    async def advance(self, duration: float) -> None:
        """Let time pass, stopping at every instant that a task waits for."""
        end = later(self._now, duration)
        await self.settle()
        while (moment := self.next_moment) is not None and moment <= end:
            self.turn_to(moment)
            await self.settle()
        self.turn_to(end)

    async def until(self, condition: Callable[[], bool], within: float = 3600.0) -> None:
        """Let time pass until ``condition`` holds while all tasks wait. Raises AssertionError when it does not within
        that many seconds, or when no task waits for the clock any more.
        """
        end = later(self._now, within)
        await self.settle()
        while not condition():
            moment = self.next_moment
            if moment is None or moment > end:
                raise AssertionError(f"not so within {within} s of the clock, which stands at {self._now}")
            self.turn_to(moment)
            await self.settle()


class _Yield:
    """Lets all other tasks run for one cycle of the event loop."""

    def __await__(self) -> Generator[None, None, None]:
        yield
