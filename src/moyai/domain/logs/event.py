"""Log events, their limits and their retention. Times are whole milliseconds since the Unix epoch.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.domain.logs.group import LogGroup
from moyai.kernel.clock import Instant

EVENT_BYTES: Final = 1024 * 1024
BATCH_BYTES: Final = 1_048_576
OVERHEAD: Final = 26
"""The bytes that an event counts besides its message."""
BATCH_SPAN: Final = 24 * 3600 * 1000
OLDEST: Final = 14 * 86400 * 1000
NEWEST: Final = 2 * 3600 * 1000
_DAY: Final = 86400 * 1000

RETENTION_DAYS: Final = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
"""The possible retentions."""


class LogEvent(msgspec.Struct, frozen=True):
    """An event: its time, and its message in UTF-8."""

    at: int
    message: bytes

    @property
    def size(self) -> int:
        """The size in bytes, as AWS counts it."""
        return len(self.message) + OVERHEAD


def milliseconds(at: Instant) -> int:
    """An instant in milliseconds."""
    return int(at * 1000)


def kept_since(group: LogGroup, now: Instant) -> int:
    """The time before which events are no longer in the group; 0 if it keeps everything."""
    return 0 if group.retention_days is None else max(0, milliseconds(now) - group.retention_days * _DAY)
