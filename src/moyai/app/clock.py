"""The operating system's clock: the only place that asks it for the time."""

from __future__ import annotations

import asyncio
import time

from moyai.kernel.clock import Instant, Seconds


class SystemClock:
    """A ``Clock`` that tells the real time, and waits for real."""

    def now(self) -> Instant:
        """The current time."""
        return Instant(time.time())

    async def sleep(self, delay: Seconds) -> None:
        """Return after ``delay``; at once when it is not positive."""
        await asyncio.sleep(delay)
