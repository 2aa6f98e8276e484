"""Time as a value and a protocol.

Promise: nothing in moyai asks the operating system for the time except the one adapter that
``app`` wires in; everything else is handed ``now`` or a ``Clock``. So a test can move time, and a
planner can be asked what it would do next Tuesday.
"""

from __future__ import annotations

from typing import NewType, Protocol

Instant = NewType("Instant", float)
"""Seconds since the Unix epoch, UTC, with sub-millisecond fraction."""

Seconds = NewType("Seconds", float)
"""A length of time."""


class Clock(Protocol):
    """Wall-clock time and the ability to wait for it."""

    def now(self) -> Instant:
        """The current time."""

    async def sleep(self, delay: Seconds) -> None:
        """Return after ``delay``; at once when it is not positive."""


def later(start: Instant, delay: float) -> Instant:
    """The instant ``delay`` seconds after ``start``."""
    return Instant(start + delay)
