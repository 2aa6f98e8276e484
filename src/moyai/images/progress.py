"""The progress of pulls, for watchers and for the log.

Promise: a pull's watchers are called whenever bytes have arrived, and at its end. The log has a line after about one
second, two, four and so on, and at the end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Final, NamedTuple, Self

from moyai.domain.sandbox.pull import PullProgress

_FIRST_REPORT: Final = 1.0
_log = logging.getLogger(__name__)


class PullReport(NamedTuple):
    """The progress of a pull."""

    image: str
    progress: PullProgress
    is_complete: bool = False

    def __str__(self) -> str:
        verb = "pulled" if self.is_complete else "pulling"
        return f"{verb} {self.image} {self.progress.text(is_complete=self.is_complete)}"


Report = Callable[[PullReport], None]
Watcher = Callable[[PullProgress], None]


def ignore_progress(_: PullProgress) -> None:
    """A watcher that does nothing."""


def log_progress(report: PullReport) -> None:
    """Write a report to the server's log, at level INFO."""
    _log.info("%s", report)


class PullTracker:
    """Tracks one pull, as a context manager. ``add_received`` is the callback of ``Source.fetch``. ``watchers`` may
    change during the pull.
    """

    def __init__(self, image: str, source: str, report: Report, watchers: Collection[Watcher] = ()) -> None:
        self._image, self._source, self._report, self._watchers = image, source, report, watchers
        self._layers = self._present = self._pulled = self._received = self._total = 0
        self._began = 0.0
        self._next_report = _FIRST_REPORT

    def __enter__(self) -> Self:
        self._began = asyncio.get_running_loop().time()
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is None:
            progress = self._progress()
            self._notify_watchers(progress)
            self._report(PullReport(self._image, progress, is_complete=True))

    def expect_layers(self, count: int) -> None:
        """Set the number of the image's layers."""
        self._layers = count

    def add_present_layer(self) -> None:
        """Count a layer that the store has already."""
        self._present += 1
        self._notify()

    def expect_bytes(self, size: int) -> None:
        """Add the bytes of a layer that will be downloaded."""
        self._total += size

    def add_received(self, count: int) -> None:
        """Add received bytes; a negative number withdraws bytes that have to be received again."""
        self._received += count
        self._notify()

    def add_pulled_layer(self) -> None:
        """Count a layer that was downloaded and unpacked."""
        self._pulled += 1
        self._notify()

    def _notify(self) -> None:
        progress = self._progress()
        self._notify_watchers(progress)
        if progress.seconds >= self._next_report:
            self._next_report = 2 * progress.seconds
            self._report(PullReport(self._image, progress))

    def _notify_watchers(self, progress: PullProgress) -> None:
        for watcher in tuple(self._watchers):
            watcher(progress)

    def _progress(self) -> PullProgress:
        seconds = asyncio.get_running_loop().time() - self._began
        layers = max(self._layers, self._present + self._pulled)
        return PullProgress(
            self._source, layers, self._present, self._pulled, self._received, self._total, round(seconds, 1)
        )
