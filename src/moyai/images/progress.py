"""How far pulls are, reported at growing intervals: after one second, two, four, and at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import NamedTuple, Self

_FIRST_REPORT = 1.0
_MEGABYTE = 1e6
_log = logging.getLogger(__name__)


class PullReport(NamedTuple):
    """The progress of a pull. ``received``, ``total``: bytes of its compressed layers that were not here."""

    image: str
    source: str
    received: int
    total: int
    seconds: float
    is_complete: bool = False

    def __str__(self) -> str:
        if self.is_complete:
            size = f"{self.received / _MEGABYTE:.1f} MB in {self.seconds:.1f} s"
            return f"pulled {self.image} from {self.source}: {size}"
        size = f"{self.received / _MEGABYTE:.1f} of {self.total / _MEGABYTE:.1f} MB"
        return f"pulling {self.image} from {self.source}: {size}"


Report = Callable[[PullReport], None]


def log_progress(report: PullReport) -> None:
    """Write a report to the server's log, at level INFO."""
    _log.info("%s", report)


class PullProgress:
    """The progress of one pull; use it as a context. ``add_received`` is the callback of ``Source.fetch``."""

    def __init__(self, image: str, source: str, report: Report) -> None:
        self._image, self._source, self._report = image, source, report
        self._received = self._total = 0
        self._next_report = _FIRST_REPORT
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = asyncio.get_running_loop().time()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            self._report(self._now(is_complete=True))

    def expect(self, size: int) -> None:
        """Add the bytes of a layer that will be downloaded."""
        self._total += size

    def add_received(self, count: int) -> None:
        """Add bytes that have arrived; a negative number takes some back."""
        self._received += count
        now = self._now()
        if now.seconds >= self._next_report:
            self._next_report = 2 * now.seconds
            self._report(now)

    def _now(self, *, is_complete: bool = False) -> PullReport:
        seconds = asyncio.get_running_loop().time() - self._began
        return PullReport(self._image, self._source, self._received, self._total, seconds, is_complete)
