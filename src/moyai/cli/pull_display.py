"""Shows how far the pulls of images are: bars in a terminal, on standard error, and nothing in a file or a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from moyai.cli.output import can_redraw

if TYPE_CHECKING:
    from moyai.domain.sandbox.pull import PullProgress


class ImagePullView:
    """The state of the pull of one image, with its bar."""

    def __init__(self, name: str, bars: Progress) -> None:
        self._bars = bars
        self._bar = bars.add_task(name, total=None, layers="")
        self.progress: PullProgress | None = None
        """The last progress; None if nothing was downloaded."""

    def show(self, progress: PullProgress) -> None:
        """Show the progress."""
        self.progress = progress
        layers = f"{progress.present + progress.pulled}/{progress.layers} layers"
        self._bars.update(self._bar, completed=progress.received, total=progress.total or None, layers=layers)


@contextmanager
def pull_bars(*, is_quiet: bool) -> Iterator[Progress]:
    """Progress bars, which disappear at the end."""
    out = Console(stderr=True, highlight=False, markup=False, emoji=False)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[layers]}", markup=False),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=out, transient=True, disable=is_quiet or not can_redraw(out)) as bars:
        yield bars
