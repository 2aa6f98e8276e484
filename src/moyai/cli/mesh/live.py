"""The table that is alive: read again and again, and looked at by keys."""

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

from moyai.cli.mesh.keyboard import keys_at_once, next_keys
from moyai.cli.mesh.table import headline, rows, table
from moyai.cli.mesh.values import Mesh
from moyai.cli.mesh.view import View, pressed

_AROUND: Final = 4
"""Lines of the screen that are not rows: two above, the table's head, one below."""
_GLANCE: Final = 0.2
_HELP: Final = (
    ("q", "quit"),
    ("s / r", "sort by the next figure / the other way round"),
    ("g", "group by namespace, by cluster, or not at all"),
    ("+ / -", "look back further / less far"),
    ("/", "find a part of a name; Enter keeps it, Esc drops it"),
    ("p, space", "stop and go on reading"),
    ("↑ ↓ j k PgUp PgDn Home", "move through the rows"),
    ("h, ?", "this help"),
)

Read = Callable[[int], Mesh]
"""The mesh of the last so many seconds. Raises what the caller of ``watch`` is to see."""


def watch(console: Console, read: Read, view: View, interval: float) -> None:
    """Show it until q or Ctrl-C; read anew every ``interval`` seconds, and at once when the span changes."""
    with (
        ThreadPoolExecutor(1) as reader,
        keys_at_once(),
        Live(console=console, screen=True, auto_refresh=False) as live,
    ):
        try:
            _loop(_Screen(console, live), _Reading(reader, read, view.since), view, interval)
        except KeyboardInterrupt:
            return


class _Reading:
    """The newest mesh; the next one is read beside, so that keys never wait."""

    def __init__(self, pool: ThreadPoolExecutor, read: Read, since: int) -> None:
        self._pool, self._read = pool, read
        self.newest: Mesh | None = None
        self._coming: Future[Mesh] | None = None
        self._since = since
        self._begun = 0.0

    def go_on(self, view: View, interval: float) -> None:
        """Take what has come, and ask again when it is time."""
        if self._coming is not None and self._coming.done():
            coming, self._coming = self._coming, None
            if self._since == view.since:
                self.newest = coming.result()
        now = time.monotonic()
        due = not view.paused and now >= self._begun + interval
        if self._coming is None and (due or view.since != self._since):
            self._begun, self._since = now, view.since
            self._coming = self._pool.submit(self._read, view.since)


class _Screen:
    def __init__(self, console: Console, live: Live) -> None:
        self._console, self._live = console, live
        self._shown: object = None

    def draw(self, mesh: Mesh | None, view: View) -> View:
        """Draw if anything is other than it was; the view with no more rows above than there are."""
        size = self._console.size
        room = max(size.height - _AROUND, 1)
        if mesh is not None:
            view = _within(view, rows(mesh, view) - room)
        if self._shown != (mesh, view, size):
            self._shown = mesh, view, size
            self._live.update(drawn(mesh, view, (size.width, room)), refresh=True)
        return view


def _loop(screen: _Screen, reading: _Reading, view: View, interval: float) -> None:
    while not view.ended:
        reading.go_on(view, interval)
        view = screen.draw(reading.newest, view)
        for key in next_keys(_GLANCE):
            view = pressed(view, key)


def _within(view: View, most: int) -> View:
    return replace(view, offset=min(view.offset, max(most, 0)))


class _Window:
    """A table's head and so many of its rows."""

    def __init__(self, whole: Table, offset: int, room: int) -> None:
        self._whole, self._offset, self._room = whole, offset, room

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._whole, options.update(height=None), pad=False)
        for line in [*lines[:1], *lines[1 + self._offset :][: self._room]]:
            yield from line
            yield Segment.line()


def drawn(mesh: Mesh | None, view: View, size: tuple[int, int]) -> RenderableType:
    """The whole screen: so many columns, so many rows of the table."""
    width, room = size
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append("moyai mesh  ", "bold")
    if mesh is None:
        return Group(head.append("reading…"))
    since = datetime.fromtimestamp(mesh.span.start, UTC).strftime("%H:%M:%S")
    head.append(f"{_length(view.since)} (since {since} UTC)  ").append_text(headline(mesh))
    if view.paused:
        head.append("  paused", "bold yellow")
    return Group(head, "", _help() if view.help else _Window(table(mesh, view, width), view.offset, room), _foot(view))


def _length(seconds: int) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"last {seconds // size} {unit}"
    return f"last {seconds} s"


def _foot(view: View) -> Text:
    if view.typing:
        return Text(f"find: {view.find}▏", "bold")
    found = f"find: {view.find} (Esc)  " if view.find else ""  # first: a narrow terminal cuts the end off
    order = f"{view.sort} ↑" if view.reverse else view.sort
    said = f"{found}q quit  s sort: {order}  g group: {view.group}  +/- span  / find  p pause  h help"
    return Text(said, "dim", no_wrap=True, overflow="ellipsis")


def _help() -> RenderableType:
    shown = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for keys, what in _HELP:
        shown.add_row(Text(keys, "bold"), what)
    return shown
