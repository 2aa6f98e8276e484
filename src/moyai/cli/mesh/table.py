"""The mesh drawn as a table, as wide as there is room. Pure.

Promise: what matters most stays when the terminal is narrow: long names give way in their middles before the rate and
the success do. Colour says nothing that a sign does not say, too: ``!``
and ``!!`` after a success rate, ``↻`` after a service with a deployment in progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from rich.table import Table
from rich.text import Text

from moyai.cli.mesh.values import Edge, Mesh, Party
from moyai.cli.mesh.view import Group, View, arranged, called

_GOOD: Final = 0.999
_FAIR: Final = 0.99
_GAP: Final = 2
_LEAST: Final = 8
"""Columns that a name has in any case."""
_NO_CALLS: Final = "No calls here in this time (--since, --region). `moyai status` shows what runs."
_NOTHING: Final = "-"
_LACK: Final = 1e-9
"""What a float may lack: 1 - 4/5 is less than 0.2."""
_TEN, _HUNDRED = 10, 100


_Groups = Sequence[tuple[str, Sequence[Edge]]]


class _Column(NamedTuple):
    """``rank``: the higher, the sooner it goes when there is no room; 0 stays."""

    name: str
    cell: Callable[[Edge, View], Text]
    rank: int = 0
    justify: Literal["left", "right"] = "right"


def table(mesh: Mesh, view: View, width: int) -> Table:
    """The edges, a row each, under their groups."""
    drawn = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    if not mesh.edges:
        drawn.add_column(_NO_CALLS)
        return drawn
    groups = arranged(mesh.edges, view)
    columns = _that_fit(groups, view, width)
    for column in columns:
        drawn.add_column(column.name, justify=column.justify, no_wrap=True, overflow="ellipsis")
    for title, edges in groups:
        if title:
            drawn.add_row(_cut(Text(title, "bold cyan"), columns[_COLUMNS[0]]))
        for edge in edges:
            drawn.add_row(*(_cut(column.cell(edge, view), wide) for column, wide in columns.items()))
    return drawn


def rows(mesh: Mesh, view: View) -> int:
    """How many rows the table has below its head."""
    return sum(len(edges) + bool(title) for title, edges in arranged(mesh.edges, view))


def headline(mesh: Mesh) -> Text:
    """All edges in one line."""
    requests, failures = sum(e.requests for e in mesh.edges), sum(e.failures for e in mesh.edges)
    said = Text(f"{len(mesh.edges)} edges  {_rate(requests / mesh.span.seconds)}/s  ")
    said.append_text(_success(1 - failures / requests if requests else None))
    busy = {party for edge in mesh.edges for party in edge.deploying}
    if busy:
        said.append(f"  {len(busy)} deploying ↻", "magenta")
    ejected = sum(edge.ejected for edge in mesh.edges)
    if ejected:
        said.append(f"  {ejected} ejected", "yellow")
    return said


def _that_fit(groups: _Groups, view: View, width: int) -> dict[_Column, int]:
    """The columns for which there is room, and how wide each may be."""
    needed = {column: _needed(column, groups, view) for column in _COLUMNS}
    for column in sorted(_COLUMNS, key=lambda c: -c.rank):
        if _width(needed) <= width or not column.rank:
            break
        del needed[column]
    caller, target, *_ = _COLUMNS
    room = width - _width(needed) + needed[caller] + needed[target]
    if needed[caller] + needed[target] > room:
        half = room // 2
        called_ = min(needed[target], max(half, room - needed[caller], _LEAST))
        needed |= {caller: max(room - called_, _LEAST), target: called_}
    return needed


def _width(columns: Mapping[_Column, int]) -> int:
    return sum(columns.values()) + _GAP * (len(columns) - 1)


def _needed(column: _Column, groups: _Groups, view: View) -> int:
    cells = (column.cell(edge, view).cell_len for _, edges in groups for edge in edges)
    titles = (len(title) for title, _ in groups if column is _COLUMNS[0])
    return max(len(column.name), *cells, *titles)


def _cut(text: Text, width: int) -> Text:
    """So much of it that there is room for: the beginning, and the end with its signs."""
    if text.cell_len <= width:
        return text
    kept = max(width - 1, 0)
    return text[: kept // 2].append("…").append_text(text[len(text) - (kept - kept // 2) :])


def _caller(edge: Edge, view: View) -> Text:
    name = edge.caller.service if view.group is Group.CLUSTER else str(edge.caller)
    said = Text(f"  {name}" if view.group is not Group.NONE else name)
    return said.append_text(_deploying(edge, (edge.caller,)))


def _target(edge: Edge, view: View) -> Text:
    del view
    said = Text(called(edge))
    if edge.protocol == "tcp":
        said.append(" tcp", "dim")
    return said.append_text(_deploying(edge, edge.targets))


def _deploying(edge: Edge, of: Iterable[Party]) -> Text:
    return Text(" ↻", "magenta") if set(of) & set(edge.deploying) else Text()


def _success(share: float | None) -> Text:
    if share is None:
        return Text(_NOTHING)
    percent = int(share * 10_000 + _LACK) / 100  # never rounded up: 100 % means that nothing failed
    shown = f"{percent:.2f}".rstrip("0").rstrip(".") + " %"
    if share >= _GOOD:
        return Text(shown, "green")
    return Text(f"{shown} !", "yellow") if share >= _FAIR else Text(f"{shown} !!", "bold red")


def _rate(per_second: float) -> str:
    if per_second >= _HUNDRED:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= _TEN else f"{per_second:.2f}"


def _ms(value: float | None) -> Text:
    return Text(_NOTHING if value is None else f"{value:,.1f}")


def _count(value: int, style: str) -> Text:
    return Text(f"{value:,}", style) if value else Text("0", "dim")


_COLUMNS: Final = (
    _Column("CALLER", _caller, justify="left"),
    _Column("TARGET", _target, justify="left"),
    _Column("RATE/S", lambda e, _: Text(_rate(e.rate))),
    _Column("SUCCESS", lambda e, _: _success(e.success)),
    _Column("P50 MS", lambda e, _: _ms(e.p50), 3),
    _Column("P95 MS", lambda e, _: _ms(e.p95), 6),
    _Column("P99 MS", lambda e, _: _ms(e.p99), 1),
    _Column("REQUESTS", lambda e, _: Text(f"{e.requests:,}"), 8),
    _Column("FAILED", lambda e, _: _count(e.failures, "red"), 4),
    _Column("RETRIES", lambda e, _: _count(e.retries, "yellow"), 5),
    _Column("TIMEOUTS", lambda e, _: _count(e.timeouts, "yellow"), 7),
    _Column("EJECTED", lambda e, _: _count(e.ejected, "yellow"), 2),
)
