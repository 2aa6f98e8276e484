"""The operating system's clock: the only module that reads it."""

from __future__ import annotations

import asyncio
import time

from typing_extensions import override

from moyai.kernel.clock import Clock, Instant, Seconds, later

LONGEST_NAP = 60.0
"""The most seconds between two looks at the clocks: a sleep makes no progress while the machine is suspended, and a
process is not notified when the time is set.
"""


class SystemClock(Clock):
    """A ``Clock`` with the real time, whose waits take real time."""

    @override
    def now(self) -> Instant:
        return Instant(time.time())

    @override
    async def sleep(self, delay: Seconds) -> None:
        """Return after ``delay``; at once when it is not positive. The time during which the machine is suspended
        counts, and so does the time by which the clock is set forward; after either, it returns within LONGEST_NAP.
        """
        due, awake_until = later(self.now(), delay), since_boot() + delay
        await asyncio.sleep(min(delay, LONGEST_NAP))
        while (rest := min(due - self.now(), awake_until - since_boot())) > 0:  # noqa: ASYNC110 - clocks have no events
            await asyncio.sleep(min(rest, LONGEST_NAP))


def since_boot() -> float:
    """Seconds since the machine was booted, including those while it was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
