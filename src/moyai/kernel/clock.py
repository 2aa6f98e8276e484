"""Time as a value and a protocol.

Promise: only the adapter in ``app`` reads the operating system's clock; other code gets ``now`` or a ``Clock``, so that
tests control the time.
"""

from __future__ import annotations

from typing import NewType, Protocol

Instant = NewType("Instant", float)
"""Seconds since the Unix epoch, UTC, with sub-millisecond fraction."""

Seconds = NewType("Seconds", float)
"""A duration in seconds."""


class Clock(Protocol):
    """The wall clock, and waiting by it."""

    def now(self) -> Instant:
        """The current instant. It can be earlier than a previous one, when the clock was set back."""

    async def sleep(self, delay: Seconds) -> None:
        """Return after ``delay``; at once when it is not positive."""


def later(start: Instant, delay: float) -> Instant:
    """The instant ``delay`` seconds after ``start``."""
    return Instant(start + delay)
