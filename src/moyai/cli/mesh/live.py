"""The live table of ``moyai mesh``: read periodically and controlled by keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from moyai.cli.mesh.keyboard import cbreak_terminal, next_keys
from moyai.cli.mesh.table import headline, rows, table
from moyai.cli.mesh.values import MeshTraffic
from moyai.cli.mesh.view import View, handle_key

_FRAME_LINES: Final = 4
"""Lines of the screen that are not rows: two above, the table's head, one below."""
_KEY_TIMEOUT: Final = 0.2
_HELP: Final = (
    ("q", "quit"),
    ("s / r", "sort by the next column / reverse the order"),
    ("g", "group by namespace, by cluster, or not at all"),
    ("+ / -", "show a longer / shorter time"),
    ("/", "search for a part of a name; Enter keeps it, Esc clears it"),
    ("p, space", "pause and resume"),
    ("↑ ↓ j k PgUp PgDn Home", "scroll"),
    ("h, ?", "show or hide this help"),
)

Read = Callable[[int], MeshTraffic]
"""Reads the mesh of the last ``n`` seconds. ``watch`` passes its exceptions on."""


def watch(console: Console, read: Read, view: View, interval: float) -> None:
    """Show the table until q or Ctrl-C; read it every ``interval`` seconds and when the span's length changes."""
    with (
        ThreadPoolExecutor(1) as reader,
        cbreak_terminal(),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        try:
            _loop(_Screen(console, live), _BackgroundReader(reader, read, view.since), view, interval)
        except KeyboardInterrupt:
            return


class _BackgroundReader:
    """Reads the mesh in a thread, so that keys never wait for that; ``newest`` is the last mesh that was read."""

    def __init__(self, pool: ThreadPoolExecutor, read: Read, since: int) -> None:
        self._pool, self._read = pool, read
        self.newest: MeshTraffic | None = None
        self._pending: Future[MeshTraffic] | None = None
        self._since = since
        self._started = 0.0

    def update(self, view: View, interval: float) -> None:
        """Take the result of a finished read, and start the next one when it is due."""
        if self._pending is not None and self._pending.done():
            finished, self._pending = self._pending, None
            if self._since == view.since:
                self.newest = finished.result()
        now = time.monotonic()
        due = not view.paused and now >= self._started + interval
        if self._pending is None and (due or view.since != self._since):
            self._started, self._since = now, view.since
            self._pending = self._pool.submit(self._read, view.since)


class _Screen:
    def __init__(self, console: Console, live: Live) -> None:
        self._console, self._live = console, live
        self._drawn: object = None

    def draw(self, mesh: MeshTraffic | None, view: View) -> View:
        """Draw if anything has changed. Returns the view with its scroll offset limited to the number of rows."""
        size = self._console.size
        height = max(size.height - _FRAME_LINES, 1)
        if mesh is not None:
            view = _limit_offset(view, rows(mesh, view) - height)
        if self._drawn != (mesh, view, size):
            self._drawn = mesh, view, size
            self._live.update(render_screen(mesh, view, (size.width, height)), refresh=True)
        return view


def _loop(screen: _Screen, reader: _BackgroundReader, view: View, interval: float) -> None:
    while not view.ended:
        reader.update(view, interval)
        view = screen.draw(reader.newest, view)
        for key in next_keys(_KEY_TIMEOUT):
            view = handle_key(view, key)


def _limit_offset(view: View, largest: int) -> View:
    return replace(view, offset=min(view.offset, max(largest, 0)))


class _Window:
    """A table's head and ``height`` of its rows, from ``offset``."""

    def __init__(self, full_table: Table, offset: int, height: int) -> None:
        self._whole, self._offset, self._height = full_table, offset, height

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._whole, options.update(height=None), pad=False)
        for line in [*lines[:1], *lines[1 + self._offset :][: self._height]]:
            yield from line
            yield Segment.line()


def render_screen(mesh: MeshTraffic | None, view: View, size: tuple[int, int]) -> RenderableType:
    """The whole screen. ``size``: the columns of the terminal and the number of rows to show of the table."""
    width, height = size
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append("moyai mesh  ", "bold")
    if mesh is None:
        return Group(head.append("reading…"))
    since = datetime.fromtimestamp(mesh.span.start, UTC).strftime("%H:%M:%S")
    head.append(f"{_length(view.since)} (since {since} UTC)  ").append_text(headline(mesh))
    if view.paused:
        head.append("  paused", "bold yellow")
    return Group(
        head, "", _help() if view.help else _Window(table(mesh, view, width), view.offset, height), _foot(view)
    )


def _length(seconds: int) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"last {seconds // size} {unit}"
    return f"last {seconds} s"


def _foot(view: View) -> Text:
    if view.typing:
        return Text(f"find: {view.find}▏", "bold")
    search = f"find: {view.find} (Esc)  " if view.find else ""  # first, because a narrow terminal cuts the end off
    order = f"{view.sort} ↑" if view.reverse else view.sort
    keys = f"{search}q quit  s sort: {order}  g group: {view.group}  +/- span  / find  p pause  h help"
    return Text(keys, "dim", no_wrap=True, overflow="ellipsis")


def _help() -> RenderableType:
    help_table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for keys, what in _HELP:
        help_table.add_row(Text(keys, "bold"), what)
    return help_table
