"""What an archive reads of what is kept: of a store, or of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from moyai.ports.metric_store import KeptHour, KeptMinute


class History(Protocol):
    """What is read of a store."""

    def minutes(self, group: int, start: float, end: float) -> Sequence[KeptMinute]:
        """See ``MetricStore.minutes``."""

    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[KeptHour]:
        """See ``MetricStore.hours``."""


class NoHistory:
    """An archive without a disk has only what is in memory."""

    def minutes(self, group: int, start: float, end: float) -> Sequence[KeptMinute]:
        """See ``MetricStore.minutes``."""
        del self, group, start, end
        return ()

    def hours(self, group: int, column: int, start: float, end: float) -> Sequence[KeptHour]:
        """See ``MetricStore.hours``."""
        del self, group, column, start, end
        return ()
