"""The operating system's clock: the only place that asks it for the time."""

from __future__ import annotations

import asyncio
import time

from moyai.kernel.clock import Instant, Seconds, later

LONGEST_NAP = 60.0
"""Seconds until the clocks are looked at again. What sleeps gets no nearer to its end while the machine is suspended,
and nobody is told when the time is set.
"""


class SystemClock:
    """A ``Clock`` that tells the real time, and waits for real."""

    def now(self) -> Instant:
        """The current time."""
        return Instant(time.time())

    async def sleep(self, delay: Seconds) -> None:
        """Return after ``delay``; at once when it is not positive. Time for which the machine was suspended, or by
        which its clock was set forward, counts; after such a time it returns within LONGEST_NAP.
        """
        due, awake = later(self.now(), delay), since_boot() + delay
        await asyncio.sleep(min(delay, LONGEST_NAP))
        while (rest := min(due - self.now(), awake - since_boot())) > 0:  # noqa: ASYNC110 - the clocks ring no event
            await asyncio.sleep(min(rest, LONGEST_NAP))


def since_boot() -> float:
    """Seconds since the machine was booted, those included for which it was suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
